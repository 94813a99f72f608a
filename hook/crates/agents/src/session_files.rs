//! What an agent's own files show about sessions that no hook announced.

use std::fs::{self, DirEntry};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Take};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use agent_baton_core::id::SessionId;

use super::transcript::decode;
use baton_system::lock_table::LockTable;

/// The most of a transcript's beginning that is read, in bytes. A first prompt may carry pictures.
const MAX_HEAD_BYTES: u64 = 16 * 1024 * 1024;

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

/// What came of reading the beginning of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadReading {
    /// It is a conversation.
    Conversation(TranscriptHead),
    /// It is whole, and no conversation of this agent.
    Other,
    /// It cannot be read, is damaged, or does not say within what is read of it. So nothing is known of the session.
    Unreadable,
}

/// What is read to find sessions.
#[derive(Debug, Clone, Copy)]
pub struct SessionFiles {
    /// Lists the sessions that processes display. The arguments are the agent's directory, the lock table, this
    /// process' pid namespace and the maximum number of directory entries. The lock table is a function, called only
    /// if a lock must be judged: the kernel may take as long to print it as a transfer takes.
    pub running_sessions: fn(&Path, &dyn Fn() -> Option<LockTable>, u64, usize) -> RunningSessions,
    /// Lists the transcripts below the agent's directory. Visits at most the given number of directory entries.
    pub transcripts: fn(&Path, usize) -> Vec<Transcript>,
    /// The beginning of one of them.
    pub head: fn(&Path) -> HeadReading,
}

/// The lines at the beginning of a transcript, within the bound.
pub(super) struct HeadLines<R> {
    from: BufReader<Take<R>>,
    line: Vec<u8>,
}

impl<R: Read> HeadLines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from: BufReader::new(from.take(MAX_HEAD_BYTES)), line: Vec::new() }
    }

    /// The next line; `None` at the end of the transcript.
    ///
    /// # Errors
    /// Those of reading. `UnexpectedEof` if the line is cut off: by the bound, or since it is not written to its end yet.
    pub(super) fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let count = self.from.read_until(b'\n', &mut self.line)?;
        if count == 0 && self.from.get_ref().limit() > 0 {
            Ok(None)
        } else if self.line.ends_with(b"\n") {
            self.line = decode(std::mem::take(&mut self.line));
            Ok(Some(&self.line))
        } else {
            Err(ErrorKind::UnexpectedEof.into())
        }
    }
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
