//! What the keys act on, and what they lead to.

use std::path::PathBuf;

use baton_status::Item;

use super::archive::Query;
use super::command::Command;
use super::log_pane::LogPane;

/// What the keys act on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The list.
    List,
    /// The text of the filter.
    Filter,
    /// The text of a search through the sessions of all time.
    Search(String),
    /// The list of keys.
    Help,
    /// A question before a command that cannot be undone.
    Confirm(Command),
    /// The new name of a session.
    Name {
        /// The session.
        item: Box<Item>,
        /// What was typed.
        text: String,
    },
    /// The answer to a session that waits.
    Answer {
        /// The session.
        item: Box<Item>,
        /// What was typed.
        text: String,
    },
    /// Everything about one item.
    Details {
        /// Its key.
        key: String,
        /// The text, or none while it is read.
        text: Option<String>,
        /// The first row that is shown.
        scroll: usize,
    },
    /// The followed log of one item.
    Log(LogPane),
}

/// What the caller must do after a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// Leave.
    Quit,
    /// Give the terminal back until the shell continues the program.
    Suspend,
    /// Run a command, and show what it says.
    Run(Command),
    /// Put a text on the terminal's clipboard.
    Copy(String),
    /// Read everything about an item.
    Read(Box<Item>),
    /// Read a page of a search.
    Search(Query),
    /// Follow the log of an item, until the user no longer looks at it.
    Follow {
        /// The key of the item.
        key: String,
        /// The path of the log.
        path: PathBuf,
    },
}
