//! Changes to a text, kept so that they can be undone to the byte.

use serde::{Deserialize, Serialize};

/// The byte order mark, which some editors put before UTF-8.
pub const BOM: char = '\u{feff}';

/// One change at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextEdit {
    /// Where, in bytes from the start of the text as it stood before.
    pub at: usize,
    /// What was taken out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub removed: String,
    /// What was put in.
    pub inserted: String,
}

impl TextEdit {
    /// The smallest single change that leads from one text to another. None where they are equal.
    #[must_use]
    pub fn between(before: &str, after: &str) -> Option<Self> {
        if before == after {
            return None;
        }
        let equal = |pair: &(u8, u8)| pair.0 == pair.1;
        let head = before.bytes().zip(after.bytes()).take_while(equal).count();
        let head = before.floor_char_boundary(head);
        let (old, new) = (before.get(head..)?, after.get(head..)?);
        let tail = old.bytes().rev().zip(new.bytes().rev()).take_while(equal).count();
        let removed = old.get(..old.ceil_char_boundary(old.len() - tail))?;
        let inserted = new.get(..new.ceil_char_boundary(new.len() - tail))?;
        Some(Self { at: head, removed: removed.to_owned(), inserted: inserted.to_owned() })
    }
}

/// A text with the changes made to it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedText {
    /// The text as it stands.
    pub text: String,
    /// What led to it, in order.
    pub edits: Vec<TextEdit>,
}

impl EditedText {
    /// A text without changes.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self { text, edits: Vec::new() }
    }

    /// Makes one change. What lies outside the text, or inside a character, changes nothing.
    pub fn apply(&mut self, edit: TextEdit) {
        let end = edit.at + edit.removed.len();
        if self.text.get(edit.at..end) == Some(edit.removed.as_str()) {
            self.text.replace_range(edit.at..end, &edit.inserted);
            self.edits.push(edit);
        }
    }

    /// Puts text in.
    pub fn insert(&mut self, at: usize, inserted: impl Into<String>) {
        self.apply(TextEdit { at, removed: String::new(), inserted: inserted.into() });
    }
}

/// The text as it stood before the changes. None where it does not hold them.
#[must_use]
pub fn undo(text: &str, edits: &[TextEdit]) -> Option<String> {
    let mut text = text.to_owned();
    for edit in edits.iter().rev() {
        let end = edit.at.checked_add(edit.inserted.len())?;
        if text.get(edit.at..end)? != edit.inserted {
            return None;
        }
        text.replace_range(edit.at..end, &edit.removed);
    }
    Some(text)
}

/// A text without the byte order mark, and the mark's length in bytes.
#[must_use]
pub fn strip_bom(text: &str) -> (&str, usize) {
    text.strip_prefix(BOM).map_or((text, 0), |rest| (rest, BOM.len_utf8()))
}
