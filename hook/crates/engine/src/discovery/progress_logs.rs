//! Finds loops of other programs by the progress logs that they write: which loops run, and how the others ended.
//!
//! A loop runs while another process holds the lock on its log. baton reads this from the kernel's lock table. It
//! never takes the lock, not even for a moment, because the owner or another reader could notice. Only logs that
//! changed are read again.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use baton_fs::hash::sha256_hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::log_search::{FoundLog, LogSearch};
use baton_store::Store;
use baton_store::progress::read::{Ending, Header, ProgressLog};
use baton_system::lock_table::{FileId, LockTable};

/// The maximum number of logs in the cache.
const MAX_CACHED_LOGS: usize = 50_000;

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
    pub path: PathBuf,
    /// The state.
    pub state: ForeignLoopState,
    /// The process that holds the lock. Null if no process holds it, or if the holder cannot be seen from here.
    pub pid: Option<u32>,
    /// The fields of its header.
    #[serde(flatten)]
    pub header: ForeignLoopHeader,
    /// Why it failed or was cancelled.
    pub why: Option<String>,
    /// How many runs baton has seen on this log. A header with another start time, or a log that became shorter,
    /// begins a new run.
    pub run: u32,
}

/// The fields of a header.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ForeignLoopHeader {
    /// The plan, or the name of the run.
    pub plan: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// What kind of loop it is.
    pub mode: Option<String>,
    /// The agent that does the work.
    pub executor: Option<String>,
    /// When it started, in the local time of the program that wrote it.
    pub started: Option<String>,
}

/// How a log ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ended {
    #[default]
    Open,
    Completed,
    Failed,
    Cancelled,
}

/// What the cache holds about a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CachedLog {
    device: (u64, u64),
    inode: u64,
    size: u64,
    /// When the log was last written, in seconds and nanoseconds since 1970-01-01 UTC.
    modified: (i64, i64),
    complete: bool,
    /// The log's size when its header was last read completely.
    header_size: u64,
    header: ForeignLoopHeader,
    end: Ended,
    why: Option<String>,
    run: u32,
}

/// The loops found below some directories.
#[derive(Debug, Default)]
pub struct ForeignLoops {
    /// The loops, by path.
    pub loops: Vec<ForeignLoop>,
    /// How many logs were read. Unchanged logs are not read again.
    pub read: usize,
    /// Whether a limit ended the search early.
    pub partial: bool,
}

/// Finds the loops below these canonical directories. `own` is this process, whose locks do not count.
#[must_use]
pub fn find_foreign_loops(
    store: &Store,
    roots: &[PathBuf],
    locks: Option<&LockTable>,
    own: u32,
    until: Instant,
) -> ForeignLoops {
    let search = LogSearch::run(roots, until);
    let remembered: Vec<CachedLog> = store.cache_get("loops").unwrap_or_default();
    let mut before: HashMap<FileId, CachedLog> = remembered.into_iter().map(|known| (known.file(), known)).collect();
    let mut found = ForeignLoops { partial: search.partial, ..ForeignLoops::default() };
    let mut now: Vec<CachedLog> = Vec::with_capacity(search.logs.len());
    for log in &search.logs {
        let known = match before.remove(&log.file) {
            Some(known) if known.is_fresh(log) => known,
            known => {
                found.read += 1;
                CachedLog::read(log, known.as_ref())
            }
        };
        now.push(known);
    }
    if found.read > 0 {
        // Keep the logs of other directories in the cache, too.
        let free = MAX_CACHED_LOGS.saturating_sub(now.len());
        now.extend(before.into_values().take(free));
        store.cache_put("loops", &now);
    }
    // The logs of other directories are at the end of the list.
    found.loops = search.logs.into_iter().zip(now).map(|(log, known)| known.into_loop(log.path, locks, own)).collect();
    found
}

impl CachedLog {
    const fn file(&self) -> FileId {
        FileId { device: self.device, inode: self.inode }
    }

    fn is_fresh(&self, log: &FoundLog) -> bool {
        self.size == log.meta.len() && self.modified == (log.meta.mtime(), log.meta.mtime_nsec())
    }

    /// Reads a log. A half-written header does not replace what was known: it belongs to a run that has only just
    /// begun.
    fn read(log: &FoundLog, before: Option<&Self>) -> Self {
        let read = ProgressLog::read(&log.path).ok();
        let complete = read.as_ref().is_some_and(|read| read.header.complete);
        let size = log.meta.len();
        let header = match (&read, before) {
            (Some(read), _) if complete => ForeignLoopHeader::from_header(&read.header),
            (_, Some(before)) => before.header.clone(),
            (Some(read), None) => ForeignLoopHeader::from_header(&read.header),
            (None, None) => ForeignLoopHeader::default(),
        };
        let run = match before {
            None => 1,
            Some(before) if complete && before.was_complete() => {
                before.run + u32::from(before.header.started != header.started || size < before.header_size)
            }
            Some(before) => before.run,
        };
        let (end, why) = match read.map(|read| read.ending) {
            None | Some(Ending::Open) => (Ended::Open, None),
            Some(Ending::Completed) => (Ended::Completed, None),
            Some(Ending::Failed(why)) => (Ended::Failed, why),
            Some(Ending::Cancelled(why)) => (Ended::Cancelled, why),
        };
        let header_size = if complete { size } else { before.map_or(0, |before| before.header_size) };
        Self {
            device: log.file.device,
            inode: log.file.inode,
            size,
            modified: (log.meta.mtime(), log.meta.mtime_nsec()),
            complete,
            header_size,
            header,
            end,
            why,
            run,
        }
    }

    const fn was_complete(&self) -> bool {
        self.header_size > 0
    }

    fn into_loop(self, path: PathBuf, locks: Option<&LockTable>, own: u32) -> ForeignLoop {
        let holders = locks.map(|locks| locks.holders(self.file()));
        let another = holders.unwrap_or_default().iter().find(|pid| **pid != own).copied();
        let state = match (another, self.end) {
            (Some(_), _) => ForeignLoopState::Active,
            (None, _) if !self.complete => ForeignLoopState::HeaderIncomplete,
            (None, Ended::Completed) => ForeignLoopState::Completed,
            (None, Ended::Failed) => ForeignLoopState::Failed,
            (None, Ended::Cancelled) => ForeignLoopState::Cancelled,
            (None, Ended::Open) if holders.is_none() => ForeignLoopState::Unknown,
            (None, Ended::Open) => ForeignLoopState::Interrupted,
        };
        ForeignLoop {
            id: loop_id(&path),
            path,
            state,
            pid: another.filter(|pid| *pid > 0),
            header: self.header,
            why: self.why,
            run: self.run,
        }
    }
}

impl ForeignLoopHeader {
    fn from_header(header: &Header) -> Self {
        Self {
            plan: header.plan.clone(),
            branch: header.branch.clone(),
            mode: header.mode.clone(),
            executor: header.executor.clone(),
            started: header.started.map(|started| started.to_string()),
        }
    }
}

/// Returns the log's name without prefix and suffix, with a digest of its path.
fn loop_id(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let stem = name.strip_prefix("progress-").and_then(|name| name.strip_suffix(".txt")).unwrap_or(&name);
    format!("{stem}-{}", sha256_hex(path.as_os_str().as_encoded_bytes(), 8))
}
