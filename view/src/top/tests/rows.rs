//! What of an item is seen, however long its texts are.

use baton_status::{Item, ItemKind, Section};

use super::{at, item, press, text, ui};
use crate::picture::Picture;
use crate::top::item_text::wrapped;
use crate::top::ui::Ui;

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
fn a_session_at_work_is_listed_with_its_run_and_how_long_it_is_silent() {
    for (minutes, expected) in
        [(4, "  parser  demo 3/20\n    fix it\n"), (12, "  parser  demo 3/20\n    silent for 12 min  fix it\n")]
    {
        let works = Item {
            name: Some("parser".to_owned()),
            prompt: Some("fix it".to_owned()),
            run: Some("demo".to_owned()),
            iteration: Some(3),
            max_iterations: Some(20),
            active: at(minutes),
            ..item(Section::Working, ItemKind::Session, "8c4fb2cc-e439", "active")
        };
        let ui = Ui::new(Picture::new(1, Vec::new(), vec![works]), false);
        for width in [80, 200] {
            assert!(text(&ui, width, 24).contains(expected), "{}", text(&ui, width, 24));
        }
    }
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
fn a_hostile_title_stays_in_its_row() {
    let title = "\x1b]0;owned\x07<script>\u{202e}\n".repeat(500);
    let hostile = Item { title: Some(title), ..item(Section::Working, ItemKind::Session, "s", "working") };
    let shown = text(&Ui::new(Picture::new(1, Vec::new(), vec![hostile]), false), 80, 5);
    assert_eq!(shown.lines().count(), 5);
    assert!(!shown.contains(['\x1b', '\x07', '\u{202e}']), "{shown:?}");
}
