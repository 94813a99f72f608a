//! What an agent's own files show of sessions that no hook announced.

use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use agent_baton_core::id::SessionId;

use baton_system::lock_table::LockTable;

/// The most of a transcript's beginning that is read, in bytes.
pub(super) const MAX_HEAD_BYTES: usize = 256 * 1024;

/// A session that a process shows, by the agent's own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningSession {
    /// The session.
    pub session: SessionId,
    /// The process; none where one holds it that cannot be seen from here.
    pub pid: Option<u32>,
    /// The process' start, where the agent wrote it down.
    pub start: Option<u64>,
    /// The session's directory.
    pub cwd: Option<String>,
    /// The lock that the process holds on it.
    pub lock: Option<PathBuf>,
    /// Whether nobody sits before it.
    pub headless: bool,
}

/// Every session that processes show, as far as that could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunningSessions {
    /// The sessions.
    pub sessions: Vec<RunningSession>,
    /// Whether something could not be read, or was too much: then a session that is not among these may be shown all the same.
    pub partial: bool,
}

/// A conversation in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The session, by the file's name.
    pub session: SessionId,
    /// The file.
    pub path: PathBuf,
    /// When it was last written, in milliseconds since 1970-01-01 UTC.
    pub modified_ms: u64,
}

/// What the beginning of a transcript says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TranscriptHead {
    /// The session's directory.
    pub cwd: Option<String>,
    /// Whether nobody sat before it.
    pub headless: bool,
    /// Whether it is of a subagent, which is no session of its own.
    pub of_subagent: bool,
}

/// What is read to find sessions.
#[derive(Debug, Clone, Copy)]
pub struct SessionFiles {
    /// Which sessions processes show: by the agent's directory, the table of locks, and the pid namespace of this process. The table is
    /// asked for only where a lock is to be judged: the kernel may take as long for it as for a change of owner.
    pub running_sessions: fn(&Path, &dyn Fn() -> Option<LockTable>, u64, usize) -> RunningSessions,
    /// The conversations below the agent's directory, of at most so many directory entries.
    pub transcripts: fn(&Path, usize) -> Vec<Transcript>,
    /// The beginning of one of them. None where it cannot be read, or is not the agent's.
    pub head: fn(&Path) -> Option<TranscriptHead>,
}

/// The entries of a directory, at most `most`. The second is whether it could not be read or there are more; one that is missing
/// has none.
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

/// The conversation in a regular file of this name that is not empty.
pub(super) fn transcript_file(entry: &DirEntry, session: SessionId) -> Option<Transcript> {
    let meta = entry.metadata().ok().filter(|meta| meta.is_file() && meta.len() > 0)?;
    let modified = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Transcript { session, path: entry.path(), modified_ms: u64::try_from(modified.as_millis()).ok()? })
}

/// A session's id as both agents make them: 8-4-4-4-12 hex digits. Other files stand beside theirs.
pub(super) fn parse_uuid(text: &str) -> Option<SessionId> {
    let parts: Vec<&str> = text.split('-').collect();
    let fits = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    fits.then(|| text.parse().ok()).flatten()
}
