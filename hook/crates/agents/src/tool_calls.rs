//! The tool calls of the newest turn, as the agent's own transcript shows them.
//!
//! No event tells that a user granted a permission. The result of the call does.

use std::collections::HashSet;
use std::path::Path;

use super::transcript;

/// The tool calls of the newest turn. A time is as the agent wrote it (RFC 3339), or `None` if it wrote none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCalls {
    /// When the calls without a result were made, newest first.
    pub open: Vec<Option<String>>,
    /// When the newest result came.
    pub newest_result: Option<String>,
}

/// Adds lines, newest first, until the turn begins.
pub(super) type ReadCalls = fn(&mut dyn Iterator<Item = &[u8]>, &mut CallReader);

/// Reads the end of a transcript. There are no calls if it cannot be read.
pub(super) fn read(path: &Path, read: ReadCalls) -> ToolCalls {
    let found = transcript::read_tails(path, &mut |lines, _| {
        let mut reader = CallReader::default();
        read(lines, &mut reader);
        // What lies further back was over before the newest calls were made.
        Some(reader.calls)
    });
    found.ok().flatten().unwrap_or_default()
}

/// Collects calls and results that come newest first.
#[derive(Default)]
pub(super) struct CallReader {
    calls: ToolCalls,
    answered: HashSet<String>,
}

impl CallReader {
    /// Records that a call has a result.
    pub(super) fn result(&mut self, id: Option<&str>, at: Option<&str>) {
        self.answered.extend(id.map(str::to_owned));
        self.calls.newest_result = self.calls.newest_result.take().or_else(|| at.map(str::to_owned));
    }

    /// Records a call.
    pub(super) fn call(&mut self, id: Option<&str>, at: Option<&str>) {
        if id.is_none_or(|id| !self.answered.contains(id)) {
            self.calls.open.push(at.map(str::to_owned));
        }
    }
}
