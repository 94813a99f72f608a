//! Everything about an item.

use super::{press, screen, text, ui};
use crate::top::mode::{Effect, Mode};
use crate::top::ui::Ui;

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
