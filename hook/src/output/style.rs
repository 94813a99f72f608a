//! Colour on a terminal. It repeats what the text says and never replaces it.

use std::borrow::Cow;

/// How a text looks on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The heading of a section.
    Heading,
    /// What matters less: the header of a list, and ended records.
    Dim,
    /// What is as it should be.
    Good,
    /// What waits for the user.
    Attention,
    /// What went wrong or was lost.
    Bad,
}

impl Style {
    /// The style of a status word, as lists and findings print it.
    #[must_use]
    pub fn of_status(word: &str) -> Option<Self> {
        Some(match word {
            "active" | "alive" | "starting" | "done" | "completed" | "ok" => Self::Good,
            "permission" | "question" | "attention" | "idle" | "paused" | "waiting" | "background work"
            | "owner elsewhere" | "owner unknown" | "unknown" => Self::Attention,
            "error" | "failed" | "lost" | "interrupted" | "unreadable" | "PROBLEM" => Self::Bad,
            "ended" | "cancelled" | "abandoned" | "note" => Self::Dim,
            _ => return None,
        })
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Heading => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Attention => "33",
            Self::Bad => "31",
        }
    }

    /// The text in this style, with the escape sequences that begin and end it.
    #[must_use]
    pub fn paint(self, text: &str) -> String {
        format!("\u{1b}[{}m{text}\u{1b}[0m", self.code())
    }

    /// The text in a style, where there is one and colour is wanted.
    #[must_use]
    pub fn paint_if(style: Option<Self>, colour: bool, text: &str) -> Cow<'_, str> {
        match style {
            Some(style) if colour && !text.is_empty() => Cow::Owned(style.paint(text)),
            _ => Cow::Borrowed(text),
        }
    }
}
