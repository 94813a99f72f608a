//! A text that a user types: how long it can be, and what a key does to it.

use crossterm::event::KeyCode;

/// The longest text that a user can type, in characters.
pub(super) const MAX_TYPED: usize = 64;

/// The longest answer that a user can type, in characters.
pub(super) const MAX_ANSWER: usize = 1000;

/// Changes a typed text.
pub(super) fn edit(text: &mut String, code: KeyCode, most: usize) {
    match code {
        KeyCode::Backspace => {
            text.pop();
        }
        KeyCode::Char(typed) if text.chars().count() < most => text.push(typed),
        _ => {}
    }
}
