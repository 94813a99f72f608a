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

/// The maximum length of what a log's name adds to an id. With the digest, an id has at most 128 characters.
const MAX_STEM: usize = 111;

/// Returns the log's name without prefix and suffix, with a digest of its path.
///
/// A repository names its logs as it likes, and the id becomes a word of a command that baton suggests. So it has the form
/// of a session's id, which is one word for every shell and no option.
pub(super) fn loop_id(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let stem = name.strip_prefix("progress-").and_then(|name| name.strip_suffix(".txt")).unwrap_or(&name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let stem = stem.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).chars().take(MAX_STEM);
    let stem: String = stem.map(|c| if is_plain(c) { c } else { '_' }).collect();
    let stem = if stem.is_empty() { "log" } else { &stem };
    format!("{stem}-{}", sha256_hex(path.as_os_str().as_encoded_bytes(), 8))
}

/// A path that is not UTF-8 is shown as well as it can be.
fn serialize_path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use agent_baton_core::id::SessionId;

    use super::*;

    #[test]
    fn an_id_is_one_word_and_no_option() {
        let long = "x".repeat(300);
        for (name, expected) in [
            ("fix-plan_2.v1", "fix-plan_2.v1"),
            ("$(touch pwned)", "touch_pwned_"),
            ("a b;c`d`|e&f'g\"h", "a_b_c_d__e_f_g_h"),
            ("-h", "h"),
            ("--json", "json"),
            ("größe", "gr__e"),
            ("a\nb\u{1b}[31m", "a_b__31m"),
            ("$()", "log"),
            ("", "log"),
            (&long, &long[..MAX_STEM]),
        ] {
            let id = loop_id(Path::new(&format!("/w/progress-{name}.txt")));
            assert_eq!(id[..id.len() - 17], *expected, "{name}");
            assert!(id.parse::<SessionId>().is_ok(), "{id}");
        }
        assert_ne!(loop_id(Path::new("/w/progress-a b.txt")), loop_id(Path::new("/w/progress-a;b.txt")));
    }
}
