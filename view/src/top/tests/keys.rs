//! What each key does.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{picture, press, ui};
use crate::picture::Picture;
use crate::top::command::Command;
use crate::top::keys::KEYS;
use crate::top::mode::Effect;
use crate::top::ui::Ui;

#[test]
fn each_key_does_what_the_help_says() {
    let run = |args: &str| {
        let args = args.split(' ').map(str::to_owned).collect();
        Some(Effect::Run(Command { args, directory: None }))
    };
    let cases: &[(&str, Option<Effect>)] = &[
        ("enter", run("go -- 8c4fb2cc-e439")),
        ("j enter", run("go -- r0a1b2c3d4e5")),
        ("j p", run("run pause -- r0a1b2c3d4e5")),
        ("j c", run("run continue -- r0a1b2c3d4e5")),
        ("j a", run("run adopt -- r0a1b2c3d4e5")),
        // Nothing happens without the answer yes.
        ("j x", None),
        ("j x n", None),
        ("j x enter", None),
        ("j x y", run("run cancel -- r0a1b2c3d4e5")),
        ("end r", run("resume --tmux -- 7363a787-6b25")),
        ("*", run("session pin -- 8c4fb2cc-e439")),
        ("tab *", run("session pin --off -- 35205e65-54c5")),
        ("n new back esc", None),
        ("n new enter", run("session name -- 8c4fb2cc-e439 new")),
        // What was typed is no option.
        ("n --clear enter", run("session name -- 8c4fb2cc-e439 --clear")),
        ("n -x enter", run("session name -- 8c4fb2cc-e439 -x")),
        ("n enter", run("session name --clear -- 8c4fb2cc-e439")),
        ("w yes enter", run("answer --asked=2027-01-15T06:30:00.000Z -- 8c4fb2cc-e439 yes")),
        ("w --help enter", run("answer --asked=2027-01-15T06:30:00.000Z -- 8c4fb2cc-e439 --help")),
        ("w yes esc", None),
        ("w enter", None),
        ("w qxy", None),
        ("d", run("session dismiss -- 8c4fb2cc-e439")),
        ("y", Some(Effect::Copy("8c4fb2cc-e439".to_owned()))),
        ("shift-tab y", Some(Effect::Copy("7363a787-6b25".to_owned()))),
        ("tab tab y", Some(Effect::Copy("progress-1".to_owned()))),
        ("/port enter y", Some(Effect::Copy("r0a1b2c3d4e5".to_owned()))),
        ("/port esc y", Some(Effect::Copy("r0a1b2c3d4e5".to_owned()))),
        ("/nothing enter y", None),
        ("q", Some(Effect::Quit)),
        ("? q", Some(Effect::Quit)),
        ("/q", None),
    ];
    for (keys, expected) in cases {
        assert_eq!(press(&mut ui(), keys), *expected, "{keys}");
    }
    let control = |c| ui().key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
    assert_eq!((control('c'), control('z')), (Some(Effect::Quit), Some(Effect::Suspend)));
}

/// Returns the key that the help calls so.
fn named(name: &str) -> KeyCode {
    match name {
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Tab" => KeyCode::Tab,
        "S-Tab" => KeyCode::BackTab,
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        name => {
            let [c] = name.chars().collect::<Vec<_>>()[..] else { panic!("{name} is no key") };
            KeyCode::Char(c)
        }
    }
}

/// Returns views in which keys can do something: with each item selected, with a filter, and with details.
fn views() -> Vec<Ui> {
    let items = picture().items.into_iter().map(|item| {
        let mut ui = ui();
        ui.select(&item.key);
        ui
    });
    let [mut filtered, mut reading] = [ui(), ui()];
    press(&mut filtered, "/shop enter");
    let Some(Effect::Read(read)) = press(&mut reading, "l") else { panic!("nothing is read") };
    reading.show_details(&read.key, "line\n".repeat(100));
    press(&mut reading, "j");
    items.chain([filtered, reading]).collect()
}

#[test]
fn the_help_lists_exactly_the_keys_that_do_something() {
    // Those with Ctrl are in the test above.
    let names = KEYS.iter().flat_map(|(keys, _)| keys.split(' ')).filter(|name| !name.starts_with("Ctrl-"));
    let listed: Vec<KeyCode> = names.map(named).collect();
    let others = [KeyCode::Backspace, KeyCode::Delete, KeyCode::Insert, KeyCode::F(1)];
    let codes = (' '..='~').map(KeyCode::Char).chain(listed.iter().copied()).chain(others);
    for code in codes {
        let seen = |ui: &Ui| format!("{:?}", (&ui.selected, &ui.filter, &ui.mode, &ui.message, &ui.archive));
        let does = views().iter_mut().any(|ui| {
            let before = seen(ui);
            ui.key(KeyEvent::new(code, KeyModifiers::NONE)).is_some() || seen(ui) != before
        });
        assert_eq!(does, listed.contains(&code), "{code:?}");
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    for (keys, expected) in [
        ("p", "a session cannot be paused"),
        ("j w", "a run cannot be answered"),
        ("j d", "a run cannot be dismissed"),
        ("tab w", "this session does not wait for an answer"),
        ("j r", "a run cannot be resumed"),
        ("tab tab enter", "a loop of another program cannot be gone to"),
        ("end enter", "this session is lost: r resumes it"),
    ] {
        let mut ui = ui();
        assert_eq!(press(&mut ui, keys), None, "{keys}");
        assert_eq!(ui.message.as_deref(), Some(expected), "{keys}");
        press(&mut ui, "g");
        assert_eq!(ui.message, None);
    }
}

#[test]
fn the_selection_stays_on_its_item_or_in_its_place() {
    let mut ui = ui();
    press(&mut ui, "tab");
    let selected = ui.selected.clone();
    let mut moved = picture();
    moved.items.remove(0);
    moved.items.rotate_left(1);
    ui.show(moved.clone());
    assert_eq!(ui.selected, selected);
    let place = moved.items.iter().position(|item| Some(&item.key) == selected.as_ref()).unwrap();
    moved.items.remove(place);
    let next = moved.items[place].key.clone();
    ui.show(moved);
    assert_eq!(ui.selected, Some(next));
    ui.show(Picture::new(2, Vec::new(), Vec::new()));
    assert_eq!(ui.selected, None);
}
