//! What a client keeps of a log.

use std::collections::VecDeque;

use super::LogLimits;
use super::replay::LogEvent;

/// The newest lines that a client got: as many as the follower keeps, so both have the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReceivedLines {
    limits: LogLimits,
    /// The lines, oldest first, each with its length in the file.
    lines: VecDeque<(String, u64)>,
    /// The length of the lines in the file.
    bytes: u64,
    /// Where the next line begins in the file.
    at: u64,
}

impl ReceivedLines {
    /// Creates an empty one.
    pub(crate) const fn new(limits: LogLimits) -> Self {
        Self { limits, lines: VecDeque::new(), bytes: 0, at: 0 }
    }

    /// Takes what a client is told.
    pub(crate) fn take(&mut self, event: LogEvent) {
        match event {
            LogEvent::BegunAnew(position) => {
                self.lines.clear();
                (self.bytes, self.at) = (0, position.at());
            }
            LogEvent::Line(position, text) => {
                let length = position.at().saturating_sub(self.at);
                self.lines.push_back((text, length));
                (self.bytes, self.at) = (self.bytes + length, position.at());
                while self.lines.len() > self.limits.lines || self.bytes > self.limits.bytes {
                    let Some((_, length)) = self.lines.pop_front() else { break };
                    self.bytes -= length;
                }
            }
        }
    }

    /// Returns how many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns the lines, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.lines.iter().map(|(text, _)| text.as_str())
    }
}
