//! The screen at three sizes, and what each key does.

use std::collections::BTreeSet;
use std::path::Path;

use agent_baton_core::timestamp::Timestamp;
use baton_status::{Cause, Item, ItemKind, Section};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::command::Command;
use super::item_text::{contains, wrapped};
use super::keys::KEYS;
use super::screen::{Drawn, draw};
use super::ui::{Effect, Mode, Ui};
use crate::event_id::EventId;
use crate::logs::LogEvent;
use crate::notifications::{Waits, sentence};
use crate::picture::{Count, Picture};

const MINUTE: u64 = 60_000;

fn at(minutes_ago: u64) -> Option<Timestamp> {
    Some(Timestamp {
        unix_ms: 1_800_000_000_000 - minutes_ago * MINUTE,
        boot: "boot".into(),
        boot_ms: 9_000_000_000 - minutes_ago * MINUTE,
    })
}

fn now() -> Timestamp {
    at(0).unwrap()
}

fn item(section: Section, kind: ItemKind, id: &str, status: &str) -> Item {
    Item {
        status: status.to_owned(),
        agent: Some("claude".to_owned()),
        pane: Some("%3".to_owned()),
        since: at(5),
        project: Some("/work/shop".to_owned()),
        branch: Some("main".to_owned()),
        ..Item::new(section, kind, id)
    }
}

/// What a user with several agents sees.
fn picture() -> Picture {
    let count = |count, word: &str| Count { count, word: word.to_owned() };
    let items = vec![
        Item {
            cause: Some(Cause::Permission),
            title: Some("Fix the parser".to_owned()),
            since: at(90),
            question: Some("Bash: cargo test --workspace -- --nocapture parser::tests".to_owned()),
            model: Some("claude-opus-5-5".to_owned()),
            context: Some(84_000),
            context_window: Some(200_000),
            ..item(Section::Waiting, ItemKind::Session, "8c4fb2cc-e439", "permission")
        },
        Item {
            cause: Some(Cause::Paused),
            name: Some("port the tests".to_owned()),
            iteration: Some(7),
            max_iterations: Some(50),
            phase: Some("review".to_owned()),
            agent: Some("codex".to_owned()),
            ..item(Section::Waiting, ItemKind::Run, "r0a1b2c3d4e5", "paused")
        },
        Item {
            title: Some(
                "漢字の題名 with wide characters, and so long that no terminal of eighty columns has room for it"
                    .to_owned(),
            ),
            pinned: true,
            since: at(0),
            prompt: Some("Port the parser".to_owned()),
            ..item(Section::Working, ItemKind::Session, "35205e65-54c5", "working")
        },
        Item {
            name: Some("plan.md".to_owned()),
            pane: None,
            agent: Some("ralphex".to_owned()),
            ..item(Section::Loops, ItemKind::Loop, "progress-1", "active")
        },
        Item { since: at(60 * 24 * 3), pane: None, ..item(Section::Lost, ItemKind::Session, "7363a787-6b25", "lost") },
    ];
    Picture {
        counts: vec![count(2, "waiting"), count(1, "at work"), count(1, "lost")],
        ..Picture::new(41, Vec::new(), items)
    }
}

fn screen(ui: &Ui, width: u16, height: u16, colored: bool) -> (Terminal<TestBackend>, Drawn) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut drawn = Drawn::default();
    terminal.draw(|frame| draw(frame, ui, &now(), colored, &mut drawn)).unwrap();
    (terminal, drawn)
}

/// Returns the text on the screen.
fn text(ui: &Ui, width: u16, height: u16) -> String {
    let (terminal, _) = screen(ui, width, height, true);
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = unicode_width::UnicodeWidthStr::width(symbol).max(1);
            }
            skip -= 1;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Compares a screen with a file, or writes it where `BATON_BLESS` is set.
fn check(name: &str, ui: &Ui, width: u16, height: u16) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens").join(name);
    let found = text(ui, width, height);
    if std::env::var_os("BATON_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{} is not what is drawn; BATON_BLESS=1 writes it anew", path.display());
}

fn ui() -> Ui {
    Ui::new(picture(), true)
}

fn press(ui: &mut Ui, keys: &str) -> Option<Effect> {
    let mut effect = None;
    for word in keys.split(' ') {
        let code = match word {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "shift-tab" => KeyCode::BackTab,
            "end" => KeyCode::End,
            "home" => KeyCode::Home,
            "pagedown" => KeyCode::PageDown,
            "back" => KeyCode::Backspace,
            word => {
                for c in word.chars() {
                    effect = ui.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
                }
                continue;
            }
        };
        effect = ui.key(KeyEvent::new(code, KeyModifiers::NONE));
    }
    effect
}

#[test]
fn the_screen_at_three_sizes() {
    for (width, height) in [(80, 24), (40, 20), (200, 60)] {
        check(&format!("list-{width}x{height}.txt"), &ui(), width, height);
    }
    let mut help = ui();
    press(&mut help, "?");
    check("help-80x24.txt", &help, 80, 24);
    check("help-40x20.txt", &help, 40, 20);
    let asking = Picture {
        items: vec![Item { question: Some("Bash: cargo test".to_owned()), ..picture().items.remove(0) }],
        ..picture()
    };
    let mut answer = Ui::new(asking, true);
    press(&mut answer, "w");
    check("answer-empty-80x24.txt", &answer, 80, 24);
    press(&mut answer, "a_long_answer_of_which_the_end_is_seen_and_the_beginning_is_not_in_narrow_terminals");
    check("answer-80x24.txt", &answer, 80, 24);
    check("answer-40x20.txt", &answer, 40, 20);
    check("empty-80x24.txt", &Ui::new(Picture::new(0, Vec::new(), Vec::new()), false), 80, 24);
    let count = |count, word: &str| Count { count, word: word.to_owned() };
    let problem = Picture {
        problem: Some(
            "the state directory /home/me/.local/state/baton is not a directory: move what is there away, or set \
             BATON_HOME to another one (and 3 more)"
                .to_owned(),
        ),
        counts: vec![
            count(2, "permission"),
            count(1, "question"),
            count(4, "idle"),
            count(12, "at work"),
            count(3, "other loops"),
            count(2, "interrupted"),
            count(9, "lost"),
        ],
        ..picture()
    };
    let problem = Ui::new(problem, false);
    check("problem-80x24.txt", &problem, 80, 24);
    check("problem-40x20.txt", &problem, 40, 20);
    for (width, height) in [(80, 3), (20, 4), (10, 3)] {
        assert!(text(&problem, width, height).contains("\n! "), "{}", text(&problem, width, height));
    }
}

#[test]
fn a_text_is_broken_at_spaces_and_says_what_is_left_out() {
    for (text, width, most, expected) in [
        ("one two three", 8, 9, &["one two ", "three"][..]),
        ("one two three four", 8, 2, &["one two ", "three f…"]),
        ("abcdefghij", 4, 9, &["abcd", "efgh", "ij"]),
        ("a bcdefghij", 6, 9, &["a bcde", "fghij"]),
        ("漢字漢字", 5, 9, &["漢字", "漢字"]),
        ("", 5, 9, &[""]),
        ("ab", 0, 9, &["a", "b"]),
    ] {
        assert_eq!(wrapped(text, width, most), expected, "{text:?}");
    }
}

/// Each text of an item has a word of its own.
fn with_words(section: Section, kind: ItemKind) -> Item {
    let word = |text: &str| Some(format!("w-{text}"));
    Item {
        agent: word("agent"),
        pane: word("pane"),
        owner_pane: word("owner"),
        project: Some("/work/w-project".to_owned()),
        branch: word("branch"),
        name: word("name"),
        model: word("model"),
        prompt: word("prompt"),
        phase: word("phase"),
        task: word("task"),
        reason: word("reason"),
        ..item(section, kind, "w-id", "w-status")
    }
}

#[test]
fn the_filter_finds_every_text_that_is_shown() {
    let unnamed =
        Item { name: None, title: Some("w-title".to_owned()), ..with_words(Section::Lost, ItemKind::Session) };
    let asking = Item { question: Some("w-question".to_owned()), ..with_words(Section::Waiting, ItemKind::Session) };
    let section = Item { log_section: Some("w-section".to_owned()), ..with_words(Section::Loops, ItemKind::Loop) };
    let nameless = Item { name: None, ..with_words(Section::Lost, ItemKind::Session) };
    let mut seen = BTreeSet::new();
    for item in [with_words(Section::Working, ItemKind::Session), unnamed, asking, section, nameless] {
        let ui = Ui::new(Picture::new(1, Vec::new(), vec![item.clone()]), false);
        for width in [40, 80, 200] {
            let screen = text(&ui, width, 24);
            let words = screen.split(|c: char| c.is_whitespace() || "()".contains(c));
            for word in words.filter(|word| word.starts_with("w-") && !word.ends_with('…')) {
                assert!(contains(&item, word), "{word}\n{screen}");
                seen.insert(word.to_owned());
            }
        }
    }
    let all = "agent branch id model name owner pane phase project prompt question reason section status task title";
    let all: BTreeSet<String> = all.split(' ').map(|word| format!("w-{word}")).collect();
    assert_eq!(seen, all);
}

#[test]
fn where_an_agent_waits_is_never_cut_off() {
    let waits = Item {
        agent: Some("opencode".to_owned()),
        pane: Some("main-session".to_owned()),
        since: at(100_000),
        ..item(Section::Waiting, ItemKind::Run, "r1", "background work")
    };
    let ui = Ui::new(Picture::new(1, Vec::new(), vec![waits]), false);
    for width in [40, 50, 60, 80] {
        assert!(text(&ui, width, 8).contains("main-session"), "{}", text(&ui, width, 8));
    }
}

#[test]
fn no_size_is_too_small() {
    let mut help = ui();
    press(&mut help, "?");
    for width in 1..12 {
        for height in 1..6 {
            text(&ui(), width, height);
            text(&help, width, height);
        }
    }
}

#[test]
fn the_selected_item_is_always_seen() {
    let items = (0..100).map(|n| item(Section::Lost, ItemKind::Session, &format!("session-{n:03}"), "lost")).collect();
    let mut ui = Ui::new(Picture::new(1, Vec::new(), items), false);
    for keys in ["j", "jjjjjjjjjjjjjjjjjjjj", "end", "k", "kkkkkkkkkkkkkkkkkkkkkkkkkkk", "g"] {
        press(&mut ui, keys);
        for (width, height) in [(80, 6), (40, 6)] {
            assert!(text(&ui, width, height).contains("\n> lost"), "{keys}\n{}", text(&ui, width, height));
        }
    }
}

#[test]
fn without_colour_nothing_is_coloured_and_the_text_is_the_same() {
    let (plain, _) = screen(&ui(), 80, 24, false);
    let (colored, _) = screen(&ui(), 80, 24, true);
    let cells = |terminal: &Terminal<TestBackend>| terminal.backend().buffer().content().to_vec();
    assert!(cells(&plain).iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    assert!(cells(&colored).iter().any(|cell| cell.fg != Color::Reset));
    assert!(cells(&plain).iter().zip(cells(&colored)).all(|(plain, colored)| plain.symbol() == colored.symbol()));
}

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
fn the_outcome_of_a_command_is_read_to_its_end() {
    let mut ui = ui();
    let why =
        "error: the window of session s4 closed at once  hint: to see why, run `claude --resume s4` in /work/shop";
    ui.message = Some(why.to_owned());
    for width in [40, 80] {
        let screen = text(&ui, width, 24);
        assert!(screen.trim_end().ends_with("/work/shop") && screen.starts_with("baton "), "{screen}");
    }
    ui.message = Some("word ".repeat(10_000));
    let screen = text(&ui, 80, 24);
    assert!(screen.trim_end().ends_with('…') && screen.contains("waits for you"), "{screen}");
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

#[test]
fn details_are_shown_only_to_who_still_looks_at_them() {
    let mut ui = ui();
    let Some(Effect::Read(read)) = press(&mut ui, "l") else { panic!("nothing is read") };
    assert!(text(&ui, 80, 24).contains("reading"));
    ui.show_details("another", "other\n".to_owned());
    ui.show_details(&read.key, "first\nsec\x1b[31mond\n".to_owned());
    assert!(text(&ui, 80, 24).contains("first\nsec\u{fffd}[31mond\n"));
    press(&mut ui, "esc");
    assert_eq!(ui.mode, Mode::List);
}

/// Presses keys, and draws after each word of them, as the program does after each key.
fn press_and_draw(ui: &mut Ui, keys: &str) -> String {
    for word in keys.split(' ') {
        press(ui, word);
        let (_, drawn) = screen(ui, 40, 7, true);
        ui.limit_scroll(drawn.last_scroll);
    }
    text(ui, 40, 7)
}

#[test]
fn details_are_scrolled_from_their_beginning_to_the_end_of_their_last_line() {
    let mut ui = ui();
    let Some(Effect::Read(read)) = press(&mut ui, "l") else { panic!("nothing is read") };
    let long: String = (0..200).map(|n| format!("w{n} ")).collect();
    ui.show_details(&read.key, format!("first\n\n{long}\n"));
    for (keys, has_first, has_last) in [
        ("k", true, false),
        ("j", false, false),
        ("g", true, false),
        ("end", false, true),
        // However often it is scrolled past the end, one key leads back.
        ("pagedown pagedown pagedown j j", false, true),
        ("k", false, false),
        ("G", false, true),
        ("home", true, false),
    ] {
        let screen = press_and_draw(&mut ui, keys);
        assert_eq!((screen.contains("first"), screen.contains("w199")), (has_first, has_last), "{keys}\n{screen}");
    }
}

#[test]
fn the_wheel_moves_what_is_seen_and_nothing_under_a_question() {
    for (keys, moves) in
        [("", true), ("j x", false), ("n", false), ("w", false), ("?", false), ("/", false), ("s", false)]
    {
        let mut ui = ui();
        press(&mut ui, keys);
        let selected = ui.selected.clone();
        assert_eq!(ui.turn_wheel(1), None);
        assert_eq!(ui.selected != selected, moves, "{keys}");
    }
    let mut ui = ui();
    let Some(Effect::Search(query)) = press(&mut ui, "s enter") else { panic!("nothing is searched") };
    ui.show_found(&query, Ok(page(&["one", "two"], Some("c2"))));
    assert!(matches!(ui.turn_wheel(1), Some(Effect::Search(_))));
    assert_eq!(ui.turn_wheel(1), None);
}

#[test]
fn a_search_shows_the_words_of_the_list() {
    let mut ui = ui();
    let Some(Effect::Search(query)) = press(&mut ui, "s enter") else { panic!("nothing is searched") };
    let waits =
        page(&["one"], None).replace(r#""status":"ended""#, r#""status":"attention","waiting_for":"permission""#);
    ui.show_found(&query, Ok(waits));
    let screen = text(&ui, 80, 24);
    assert!(screen.contains("> permission ") && !screen.contains("attention"), "{screen}");
}

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

#[test]
fn a_loop_is_listed_with_its_section_its_reason_and_its_task() {
    let of_log = Item {
        log_section: Some("task iteration 3".to_owned()),
        task: Some("Task 7: parse the header".to_owned()),
        reason: Some("no token".to_owned()),
        name: Some("plan.md".to_owned()),
        ..item(Section::Loops, ItemKind::Loop, "progress-1", "failed")
    };
    let mut ui = Ui::new(Picture::new(1, Vec::new(), vec![of_log]), false);
    for width in [80, 200] {
        let screen = text(&ui, width, 24);
        assert!(screen.contains("plan.md  task iteration 3\n    no token  Task 7: parse the header\n"), "{screen}");
    }
    for filter in ["/token enter", "esc /header enter"] {
        press(&mut ui, filter);
        assert_eq!(ui.visible().len(), 1, "{filter}");
    }
}

/// Returns a page as `baton session list --json` prints it: the ids, and where the next one begins.
fn page(ids: &[&str], next: Option<&str>) -> String {
    let session = |id: &&str| {
        serde_json::json!({"id": id, "agent": "claude", "name": null, "status": "ended", "project": "/work/shop",
            "pinned": false, "opened_at": "2027-01-15T07:00:00.000Z", "headless": false})
    };
    let sessions: Vec<_> = ids.iter().map(session).collect();
    serde_json::json!({"sessions": sessions, "unreadable": [], "next": next}).to_string()
}

#[test]
fn a_search_shows_the_sessions_of_all_time_page_by_page() {
    let mut ui = ui();
    let args = |effect: Option<Effect>| match effect {
        Some(Effect::Search(query)) => (query.command().args.join(" "), query),
        effect => panic!("{effect:?}"),
    };
    press(&mut ui, "j");
    let selected = ui.selected.clone();
    let (first, query) = args(press(&mut ui, "sparser enter"));
    assert_eq!(first, "session list --json --limit=100 --text=parser");
    assert!(text(&ui, 80, 24).contains("reading ..."));
    ui.show_found(&query, Ok(page(&["one", "two"], Some("c2"))));
    check("search-80x24.txt", &ui, 80, 24);
    // A page that comes twice is not added twice.
    ui.show_found(&query, Ok(page(&["one", "two"], Some("c2"))));
    assert_eq!(ui.visible().len(), 2);
    let (second, query) = args(press(&mut ui, "j"));
    assert_eq!(second, "session list --json --limit=100 --text=parser --cursor=c2");
    assert_eq!(press(&mut ui, "j"), None);
    ui.show_found(&query, Ok(page(&["three"], None)));
    assert_eq!(press(&mut ui, "j"), None);
    assert_eq!(press(&mut ui, "y"), Some(Effect::Copy("three".to_owned())));
    let (all, query) = args(press(&mut ui, "s enter"));
    assert_eq!(all, "session list --json --limit=100");
    ui.show_found(&query, Err("error: the state cannot be read".to_owned()));
    assert_eq!(ui.message.as_deref(), Some("error: the state cannot be read"));
    press(&mut ui, "esc");
    assert_eq!((&ui.archive, ui.selected), (&None, selected));
}

#[test]
fn a_hostile_title_stays_in_its_row() {
    let title = "\x1b]0;owned\x07<script>\u{202e}\n".repeat(500);
    let hostile = Item { title: Some(title), ..item(Section::Working, ItemKind::Session, "s", "working") };
    let shown = text(&Ui::new(Picture::new(1, Vec::new(), vec![hostile]), false), 80, 5);
    assert_eq!(shown.lines().count(), 5);
    assert!(!shown.contains(['\x1b', '\x07', '\u{202e}']), "{shown:?}");
}

#[test]
fn a_wait_is_told_once_each_time_it_begins() {
    let with = |statuses: &[(&str, &str)]| {
        let waiting = |(id, status): &(&str, &str)| item(Section::Waiting, ItemKind::Session, id, status);
        Picture {
            id: EventId { audit: 0, number: 0, feed: 0 },
            ..Picture::new(0, Vec::new(), statuses.iter().map(waiting).collect())
        }
    };
    let mut waits = Waits::new(&with(&[("a", "idle")]));
    for (statuses, expected) in [
        (&[("a", "idle")][..], &[][..]),
        (&[("a", "idle"), ("b", "permission")], &["b"]),
        (&[("a", "idle"), ("b", "permission")], &[]),
        (&[("a", "question")], &["a"]),
        // A state that vanishes and comes back is no news.
        (&[], &[]),
        (&[("a", "question")], &[]),
        (&[("a", "idle")], &[]),
        (&[("b", "question")], &["b"]),
    ] {
        let picture = with(statuses);
        let told: Vec<_> = waits.begun(&picture).iter().map(|item| item.id.as_str()).collect();
        assert_eq!(told, expected);
    }
    for (what, kind, at_ms, expected) in [
        ("it was at work in between", ItemKind::Session, 1, 1),
        ("what it did in between was too short to be seen", ItemKind::Session, 2, 1),
        ("nothing has changed", ItemKind::Session, 2, 0),
        ("another item", ItemKind::Run, 3, 1),
        ("somebody wrote to a run that waits", ItemKind::Run, 4, 0),
    ] {
        let mut picture = with(&[]);
        picture.items = vec![Item { since: at(at_ms), ..item(Section::Waiting, kind, "b", "question") }];
        assert_eq!(waits.begun(&picture).len(), expected, "{what}");
    }
    assert_eq!(sentence(&with(&[("a", "idle")]).items[0]), "claude: idle (a in %3)");
}
