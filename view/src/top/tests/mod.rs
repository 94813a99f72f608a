//! A view without a terminal, and keys for it.

mod details;
mod filter;
mod keys;
mod log;
mod rows;
mod screens;
mod search;
mod waits;

use std::path::Path;

use agent_baton_core::timestamp::Timestamp;
use baton_status::{Cause, Item, ItemKind, Section};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::picture::{Count, Picture};
use crate::top::mode::Effect;
use crate::top::screen::{Drawn, draw};
use crate::top::ui::Ui;

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
            "left" => KeyCode::Left,
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
