//! The log of an item.

use baton_status::{Item, ItemKind};

use super::{check, picture, press, screen, text};
use crate::logs::LogEvent;
use crate::picture::Picture;
use crate::top::mode::{Effect, Mode};
use crate::top::ui::Ui;

/// Returns a log of this many lines, as the follower tells of it.
fn lines(from: usize, to: usize) -> Vec<LogEvent> {
    let line = |n: usize| match n % 10 {
        0 => format!("--- task iteration {} ---", n / 10 + 1),
        5 => format!(
            "[26-04-05 08:00:{:02}] 漢字の行 that is so long that it takes more than one row of a screen of 80 columns, {n}",
            n % 60
        ),
        _ => format!("[26-04-05 08:00:{:02}] line {n}", n % 60),
    };
    (from..to).map(|n| LogEvent::Line("0-0".parse().unwrap(), line(n))).collect()
}

fn begun_anew() -> LogEvent {
    LogEvent::BegunAnew("0-0".parse().unwrap())
}

#[test]
fn the_log_of_a_loop_is_followed() {
    let mut ui = Ui::new(
        Picture {
            items: picture()
                .items
                .into_iter()
                .map(|item| Item { log: (item.kind == ItemKind::Loop).then(|| "/log".to_owned()), ..item })
                .collect(),
            ..picture()
        },
        true,
    );
    assert_eq!(press(&mut ui, "o"), None);
    assert_eq!(ui.message.as_deref(), Some("a session has no log here"));
    let Some(Effect::Follow { key, path }) = press(&mut ui, "tab tab o") else { panic!("nothing is followed") };
    assert_eq!((path.to_str(), ui.follows(&key), ui.follows("another")), (Some("/log"), true, false));
    assert!(text(&ui, 80, 24).contains("reading ..."));
    ui.show_log(&key, Ok(std::iter::once(begun_anew()).chain(lines(0, 60)).collect()));
    ui.show_log("another", Ok(lines(60, 61)));
    check("log-80x24.txt", &ui, 80, 24);
    check("log-40x20.txt", &ui, 40, 20);
    // What is new is seen at the end, and moves nothing elsewhere.
    ui.show_log(&key, Ok(lines(60, 62)));
    assert!(text(&ui, 80, 24).contains("line 61"));
    press(&mut ui, "kkk");
    let before = text(&ui, 80, 23);
    ui.show_log(&key, Ok(lines(62, 64)));
    let rows = |text: &str| text.lines().take(22).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rows(&text(&ui, 80, 23)), rows(&before));
    assert!(text(&ui, 80, 24).contains("5 lines below"));
    press(&mut ui, "g");
    // The start is a screen full of lines, and one key leads down from it.
    let start = text(&ui, 80, 24);
    assert!(start.contains("task iteration 1 ") && start.contains("line 14"), "{start}");
    let (_, drawn) = screen(&ui, 80, 24, true);
    ui.limit_scroll(drawn.last_scroll);
    press(&mut ui, "j");
    assert!(!text(&ui, 80, 24).contains("task iteration 1 "));
    press(&mut ui, "end");
    assert!(text(&ui, 80, 24).contains("line 63"));
    ui.show_log(&key, Err("No such file or directory".to_owned()));
    let gone = text(&ui, 80, 24);
    assert!(gone.contains("line 63") && gone.contains("No such file"), "{gone}");
    ui.show_log(&key, Ok(vec![begun_anew()]));
    ui.show_log(&key, Ok(lines(0, 1)));
    assert!(!text(&ui, 80, 24).contains("line"));
    ui.show_log(&key, Ok(lines(0, 12_000)));
    assert!(matches!(&ui.mode, Mode::Log(pane) if pane.lines.len() == 10_000));
    for (width, height) in [(1, 1), (3, 2), (200, 60)] {
        text(&ui, width, height);
    }
    press(&mut ui, "esc");
    assert_eq!((&ui.mode, ui.follows(&key)), (&Mode::List, false));
}
