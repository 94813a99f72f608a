//! Finds loops of other programs by the progress logs that they write: which loops run, and how the others ended.
//!
//! A loop runs while another process holds the lock on its log. baton reads this from the kernel's lock table. It
//! never takes the lock, not even for a moment, because the owner or another reader could notice. Only logs that
//! changed are read again.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::foreign_loop::{ForeignLoop, ForeignLoopState, loop_id};
use super::log_holder::log_holder;
use super::log_search::{FoundLog, LogSearch};
use baton_store::Store;
use baton_store::progress::read::{Ending, Header, ProgressLog};
use baton_system::lock_table::{FileId, LockTable};

/// Where ralphex puts its logs in a project.
pub const PROGRESS_DIR: &str = ".ralphex/progress";

/// The name of the cache.
pub(super) const CACHE: &str = "progress-logs";

/// The maximum number of logs in the cache.
const MAX_CACHED_LOGS: usize = 50_000;

/// What the cache holds about a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CachedLog {
    pub(super) path: PathBuf,
    device: (u64, u64),
    inode: u64,
    pub(super) size: u64,
    /// When the log was last written, in seconds and nanoseconds since 1970-01-01 UTC.
    pub(super) modified: (i64, i64),
    complete: bool,
    /// The log's size when its header was last read completely.
    header_size: u64,
    header: Header,
    pub(super) ending: Ending,
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
    judge(store, cached_logs(store), LogSearch::run(roots, until), || locks, own)
}

/// Finds the loops with a log where ralphex puts it in these projects, or beside a log that a search found before. Looks
/// into no other directory, so it is quick enough for every status.
#[must_use]
pub fn known_foreign_loops<'a>(
    store: &Store,
    projects: impl IntoIterator<Item = &'a str>,
    locks: impl FnOnce() -> Option<&'a LockTable>,
    own: u32,
) -> Vec<ForeignLoop> {
    let cached = cached_logs(store);
    let known = cached.iter().filter_map(|log| log.path.parent().map(Path::to_owned));
    let usual = projects.into_iter().filter_map(|root| Path::new(root).join(PROGRESS_DIR).canonicalize().ok());
    let directories: BTreeSet<PathBuf> = usual.chain(known).collect();
    judge(store, cached, LogSearch::in_directories(&directories), locks, own).loops
}

pub(super) fn cached_logs(store: &Store) -> Vec<CachedLog> {
    store.cache_get(CACHE).unwrap_or_default()
}

/// Determines the state of the loops whose logs were found. Reads the logs that have changed.
fn judge<'a>(
    store: &Store,
    cached: Vec<CachedLog>,
    search: LogSearch,
    locks: impl FnOnce() -> Option<&'a LockTable>,
    own: u32,
) -> ForeignLoops {
    let mut before: HashMap<FileId, CachedLog> = cached.into_iter().map(|known| (known.file(), known)).collect();
    let mut found = ForeignLoops { partial: search.partial, ..ForeignLoops::default() };
    if search.logs.is_empty() {
        return found;
    }
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
        let exists = |log: &CachedLog| log.path.try_exists().unwrap_or(true);
        now.extend(before.into_values().filter(exists).take(free));
        // A path that is not UTF-8 does not fit into the cache.
        let cached: Vec<&CachedLog> = now.iter().filter(|log| log.path.to_str().is_some()).collect();
        store.cache_put(CACHE, &cached);
    }
    let locks = locks();
    // The logs of other directories are at the end of the list.
    found.loops = search.logs.iter().zip(now).map(|(_, known)| known.into_loop(locks, own)).collect();
    found
}

impl CachedLog {
    pub(super) const fn file(&self) -> FileId {
        FileId { device: self.device, inode: self.inode }
    }

    pub(super) fn is_fresh(&self, log: &FoundLog) -> bool {
        self.path == log.path
            && self.size == log.meta.len()
            && self.modified == (log.meta.mtime(), log.meta.mtime_nsec())
    }

    /// Reads a log. A half-written header does not replace what was known: it belongs to a run that has only just
    /// begun.
    fn read(log: &FoundLog, before: Option<&Self>) -> Self {
        Self::from_read(log, ProgressLog::read(&log.path).ok(), before)
    }

    /// Remembers what was read of a log, which is nothing if it could not be read.
    pub(super) fn from_read(log: &FoundLog, read: Option<ProgressLog>, before: Option<&Self>) -> Self {
        let complete = read.as_ref().is_some_and(|read| read.header.complete);
        let size = log.meta.len();
        let (header, ending) = read.map_or((Header::default(), Ending::Open), |read| (read.header, read.ending));
        let header = before.filter(|_| !complete).map_or(header, |before| before.header.clone());
        let run = match before {
            None => 1,
            Some(before) if complete && before.was_complete() => {
                let is_new =
                    before.header.started != header.started || size < before.header_size || before.file() != log.file;
                before.run + u32::from(is_new)
            }
            Some(before) => before.run,
        };
        let header_size = if complete { size } else { before.map_or(0, |before| before.header_size) };
        Self {
            path: log.path.clone(),
            device: log.file.device,
            inode: log.file.inode,
            size,
            modified: (log.meta.mtime(), log.meta.mtime_nsec()),
            complete,
            header_size,
            header,
            ending,
            run,
        }
    }

    /// Returns when the log was last written, in milliseconds since 1970-01-01 UTC.
    pub(super) fn modified_ms(&self) -> u64 {
        let ms = self.modified.0.saturating_mul(1000);
        u64::try_from(ms.saturating_add(self.modified.1 / 1_000_000)).unwrap_or_default()
    }

    const fn was_complete(&self) -> bool {
        self.header_size > 0
    }

    pub(super) fn into_loop(self, locks: Option<&LockTable>, own: u32) -> ForeignLoop {
        let another = locks.and_then(|locks| log_holder(locks, self.file(), own));
        let state = match (another, &self.ending) {
            (Some(_), _) => ForeignLoopState::Active,
            (None, _) if !self.complete => ForeignLoopState::HeaderIncomplete,
            (None, Ending::Completed) => ForeignLoopState::Completed,
            (None, Ending::Failed(_)) => ForeignLoopState::Failed,
            (None, Ending::Cancelled(_)) => ForeignLoopState::Cancelled,
            (None, Ending::Open) if locks.is_none() => ForeignLoopState::Unknown,
            (None, Ending::Open) => ForeignLoopState::Interrupted,
        };
        ForeignLoop {
            id: loop_id(&self.path),
            pid: another.filter(|pid| *pid > 0),
            updated: Timestamp { unix_ms: self.modified_ms(), boot: String::new(), boot_ms: 0 },
            path: self.path,
            state,
            header: self.header,
            why: match self.ending {
                Ending::Failed(why) | Ending::Cancelled(why) => why,
                Ending::Open | Ending::Completed => None,
            },
            run: self.run,
        }
    }
}
