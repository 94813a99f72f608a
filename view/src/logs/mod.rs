//! Follows the logs of loops and runs for clients that come and go.
//!
//! A [`LogReader`](reader::LogReader) remembers how far it read, so it reads only what is new. A [`Replay`] keeps the
//! newest lines. Whatever happened to the file and to the connection, a client that has caught up has what a fresh
//! reading of the log gives.

mod followed;
mod reader;
mod received;
mod replay;
mod sections;
#[cfg(test)]
mod tests;

use baton_status::{Item, ItemKind};

pub(crate) use followed::{FollowedLogs, LogClient};
pub(crate) use received::ReceivedLines;
pub(crate) use replay::{LogEvent, Position};
pub(crate) use sections::LogSection;

/// How much of a log is kept, and how long lines are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogLimits {
    /// The maximum number of lines.
    pub(crate) lines: usize,
    /// The maximum length of these lines in the file, in bytes.
    pub(crate) bytes: u64,
    /// A line that has none of its breaks in a whole block of the file is divided at the end of the block. So no part has
    /// two blocks, and where a line is divided does not depend on where one began to read.
    pub(crate) block: u64,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { lines: 10_000, bytes: 2 * 1024 * 1024, block: 16 * 1024 }
    }
}

/// Returns whether nobody writes the log of this item any more. What cannot be told is a no.
pub(crate) fn has_ended(item: &Item) -> bool {
    let is_ended = ["completed", "failed", "cancelled", "interrupted"].contains(&item.status.as_str());
    item.kind == ItemKind::Loop && is_ended
}

/// A line of a log, or a part of a long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine {
    /// Where it begins in the file.
    pub(crate) start: u64,
    /// Where the next one begins.
    pub(crate) end: u64,
    /// Its text, which holds no control characters.
    pub(crate) text: String,
}
