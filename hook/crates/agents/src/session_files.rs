//! What an agent's own files show about sessions that no hook announced.

use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use agent_baton_core::id::SessionId;

use baton_system::lock_table::LockTable;

/// How many bytes of a transcript's beginning baton reads at most.
pub(super) const MAX_HEAD_BYTES: usize = 256 * 1024;

/// A session that a process displays, according to the agent's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningSession {
    /// The session.
    pub session: SessionId,
    /// The process. `None` if a process holds the lock but cannot be seen from here.
    pub pid: Option<u32>,
    /// The start time of the process, if the agent recorded it.
    pub start: Option<u64>,
    /// The session's directory.
    pub cwd: Option<String>,
    /// The lock that the process holds on the session.
    pub lock: Option<PathBuf>,
    /// Whether the session has no terminal user.
    pub headless: bool,
}

/// The sessions that processes display, as far as baton could read them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunningSessions {
    /// The sessions.
    pub sessions: Vec<RunningSession>,
    /// Whether something could not be read or exceeded a limit. A session that is missing here may then be displayed
    /// nevertheless.
    pub partial: bool,
}

/// A conversation in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The session, according to the file's name.
    pub session: SessionId,
    /// The file.
    pub path: PathBuf,
    /// When it was last written, in milliseconds since 1970-01-01 UTC.
    pub modified_ms: u64,
}

/// What the beginning of a transcript shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TranscriptHead {
    /// The session's directory.
    pub cwd: Option<String>,
    /// Whether the session had no terminal user.
    pub headless: bool,
    /// Whether the transcript belongs to a subagent, which is not a session of its own.
    pub of_subagent: bool,
}

/// The functions that find sessions in an agent's files.
#[derive(Debug, Clone, Copy)]
pub struct SessionFiles {
    /// Lists the sessions that processes display. The arguments are the agent's directory, the lock table, this
    /// process' pid namespace and the maximum number of directory entries. The lock table is a function, called only
    /// if a lock must be judged: the kernel may take as long to print it as a transfer takes.
    pub running_sessions: fn(&Path, &dyn Fn() -> Option<LockTable>, u64, usize) -> RunningSessions,
    /// Lists the transcripts below the agent's directory. Visits at most the given number of directory entries.
    pub transcripts: fn(&Path, usize) -> Vec<Transcript>,
    /// Reads the beginning of a transcript. Returns `None` if it cannot be read or is not the agent's.
    pub head: fn(&Path) -> Option<TranscriptHead>,
}

/// Returns up to `most` entries of a directory, and whether the directory could not be read or holds more. A missing
/// directory has no entries.
pub(super) fn list_entries(dir: &Path, most: usize) -> (Vec<DirEntry>, bool) {
    let read = match fs::read_dir(dir) {
        Ok(read) => read,
        Err(error) => return (Vec::new(), error.kind() != ErrorKind::NotFound),
    };
    let mut partial = false;
    let mut found = Vec::new();
    for entry in read {
        match entry {
            Ok(entry) if found.len() < most => found.push(entry),
            Ok(_) | Err(_) => partial = true,
        }
        if found.len() == most && partial {
            break;
        }
    }
    (found, partial)
}

/// Returns the transcript in a directory entry if it is a regular file that is not empty.
pub(super) fn transcript_file(entry: &DirEntry, session: SessionId) -> Option<Transcript> {
    let meta = entry.metadata().ok().filter(|meta| meta.is_file() && meta.len() > 0)?;
    let modified = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Transcript { session, path: entry.path(), modified_ms: u64::try_from(modified.as_millis()).ok()? })
}

/// Parses a session id in the form that both agents use: 8-4-4-4-12 hex digits. The directories also contain other
/// files.
pub(super) fn parse_uuid(text: &str) -> Option<SessionId> {
    let parts: Vec<&str> = text.split('-').collect();
    let fits = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    fits.then(|| text.parse().ok()).flatten()
}
