//! A loop of another program, as its progress log tells of it.

use std::path::{Path, PathBuf};

use agent_baton_core::timestamp::Timestamp;
use baton_fs::hash::sha256_hex;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use baton_store::progress::read::Header;

/// The state of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForeignLoopState {
    /// Another process holds the lock on its log.
    Active,
    /// Its log ends with a completion.
    Completed,
    /// Its log ends with a failure.
    Failed,
    /// Its log ends with a cancellation by a user.
    Cancelled,
    /// No process holds the lock and the log has no end: the loop was killed.
    Interrupted,
    /// The header of its log is incomplete. The result shows what was known before, or else what could be read.
    HeaderIncomplete,
    /// The lock table cannot be read, and the log has no end.
    Unknown,
}

/// A loop, identified by its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ForeignLoop {
    /// The log's name and 16 hex digits of a digest of its path. The same name in two directories means two loops.
    /// One file that is reachable by two paths is one loop.
    pub id: String,
    /// The canonical path of the log.
    #[serde(serialize_with = "serialize_path")]
    #[schemars(with = "String")]
    pub path: PathBuf,
    /// The state.
    pub state: ForeignLoopState,
    /// The process that holds the lock. Null if no process holds it, or if the holder cannot be seen from here.
    pub pid: Option<u32>,
    /// The fields of its header.
    #[serde(flatten)]
    pub header: Header,
    /// Why it failed or was cancelled.
    pub why: Option<String>,
    /// When its log was last written.
    #[serde(skip)]
    pub updated: Timestamp,
    /// How many runs baton has seen on this log. A header with another start time, or a log that became shorter,
    /// begins a new run.
    pub run: u32,
}

impl ForeignLoopState {
    /// Returns the word for the state.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::HeaderIncomplete => "header incomplete",
            Self::Unknown => "unknown",
        }
    }
}

/// Returns the log's name without prefix and suffix, with a digest of its path.
pub(super) fn loop_id(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let stem = name.strip_prefix("progress-").and_then(|name| name.strip_suffix(".txt")).unwrap_or(&name);
    format!("{stem}-{}", sha256_hex(path.as_os_str().as_encoded_bytes(), 8))
}

/// A path that is not UTF-8 is shown as well as it can be.
fn serialize_path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}
