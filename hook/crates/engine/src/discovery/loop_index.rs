//! The loops of other programs, kept in memory by a program that looks again and again, and in a cache for the next one.
//!
//! With 10,000 logs, a look reads the lock table, looks at the directories that are likely to change, and at the logs of
//! the loops that run. The others are looked at in turn.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use baton_store::Store;
use baton_store::progress::read::{Ending, ProgressLog};
use baton_system::lock_table::{FileId, LockTable};

use super::foreign_loop::{ForeignLoop, ForeignLoopState};
use super::log_holder::log_holder;
use super::log_search::{FoundLog, LogSearch, MAX_LOGS};
use super::log_tree::{DirectoryStamp, LogTree, TreeDirectory, directory_stamp};
use super::progress_logs::{CACHE, CachedLog, PROGRESS_DIR, cached_logs};

/// The maximum number of directories that are watched, and looked at each time.
const MAX_NEAR: usize = 1024;

/// The name of the cache in which the next index finds what this one read.
const INDEX_CACHE: &str = "watched-logs";

/// After how many logs were read, or directories listed, the cache is written.
const WORTH_CACHING: usize = 500;

/// The same for the first look, which a command has to wait for.
const WORTH_CACHING_AT_FIRST: usize = 32;

/// The maximum number of logs of one directory, so that one with many hides no others. A log that is locked always has room.
const MAX_IN_DIRECTORY: usize = 1_000;

/// How many of the logs that are not likely to change are looked at each time.
const SWEEP: usize = 256;

/// How often all directories of logs are looked at, and what a search found meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// For how long after its last change a log is looked at each time.
const RECENT_MS: u64 = 10 * 60 * 1000;

/// How long ended loops are shown.
const SHOW_ENDED_MS: u64 = 24 * 60 * 60 * 1000;

/// How many loops are shown beside those that run, the newest first.
const MAX_NOT_RUNNING: usize = 200;

/// The loops whose logs are in some directories.
#[derive(Debug, Default)]
pub struct LoopIndex {
    tree: LogTree,
    directories: BTreeMap<PathBuf, LogDirectory>,
    /// The directories that are likely to change.
    near: BTreeSet<PathBuf>,
    /// What a search found before, and the stamp of that cache.
    cached: (Option<(u64, i64, i64)>, Vec<PathBuf>),
    looked: Option<Instant>,
    /// Where the next look at the other logs begins.
    sweep: usize,
    locks: Option<LockTable>,
    own: u32,
    now_ms: u64,
}

/// What an index keeps for the next one.
#[derive(Default, Serialize, Deserialize)]
struct IndexCache {
    /// The directories of the logs that a search found, and the stamp of what it found.
    cached: (Option<(u64, i64, i64)>, Vec<PathBuf>),
    tree: BTreeMap<PathBuf, TreeDirectory>,
    logs: Vec<CachedLog>,
}

#[derive(Debug, Default)]
struct LogDirectory {
    stamp: DirectoryStamp,
    logs: BTreeMap<PathBuf, IndexedLog>,
    /// The logs for which there is no room.
    left_out: Vec<FileId>,
    problems: Vec<String>,
}

#[derive(Debug)]
struct IndexedLog {
    known: CachedLog,
    problem: Option<String>,
    is_locked: bool,
}

impl LoopIndex {
    /// Creates an index of the logs below these directories. Nothing is read yet.
    #[must_use]
    pub fn new(watched: Vec<PathBuf>) -> Self {
        Self { tree: LogTree::new(watched), ..Self::default() }
    }

    /// Looks for what changed: below the watched directories, where ralphex puts its logs in these projects, and beside
    /// the logs that a search found before. `own` is this process, whose locks do not count.
    pub fn refresh<'a, 'b>(
        &mut self,
        store: &Store,
        projects: impl IntoIterator<Item = &'a str>,
        locks: impl FnOnce() -> Option<&'b LockTable>,
        own: u32,
        now_ms: u64,
    ) {
        (self.own, self.now_ms) = (own, now_ms);
        let is_first = self.looked.is_none();
        let mut read_before: HashMap<PathBuf, CachedLog> = HashMap::new();
        if is_first {
            let cached: IndexCache = store.cache_get(INDEX_CACHE).unwrap_or_default();
            self.cached = cached.cached;
            self.tree.remember(cached.tree);
            read_before = by_path(cached.logs);
        }
        self.tree.refresh(MAX_NEAR);
        let is_due = self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY);
        let mut read = self.tree.take_listed();
        if is_due {
            let stamp = store.cache_stamp(CACHE);
            if stamp != self.cached.0 {
                let cached = cached_logs(store);
                self.cached = (stamp, cached.iter().filter_map(|log| log.path.parent().map(Path::to_owned)).collect());
                self.cached.1.sort_unstable();
                self.cached.1.dedup();
                read += cached.len();
                read_before.extend(by_path(cached));
            }
            self.looked = Some(Instant::now());
        }
        let usual: BTreeSet<&str> = projects.into_iter().collect();
        let usual = usual.into_iter().filter_map(|root| Path::new(root).join(PROGRESS_DIR).canonicalize().ok());
        let mut wanted: BTreeSet<PathBuf> = usual.collect();
        wanted.extend(self.cached.1.iter().cloned());
        wanted.extend(self.tree.with_logs().map(Path::to_owned));
        self.directories.retain(|path, _| wanted.contains(path));
        let locks = if wanted.is_empty() { None } else { locks().cloned() };
        let is_locked = |file| locks.as_ref().is_some_and(|locks| log_holder(locks, file, own).is_some());
        let mut count = self.logs().count();
        for path in wanted {
            let is_known = self.directories.contains_key(&path);
            if is_due || !is_known || self.near.contains(&path) {
                let directory = self.directories.entry(path.clone()).or_default();
                count -= directory.logs.len();
                read += directory.list(&path, MAX_LOGS.saturating_sub(count), &is_locked, &mut read_before);
                count += directory.logs.len();
            }
        }
        if read >= if is_first { WORTH_CACHING_AT_FIRST } else { WORTH_CACHING } {
            self.keep(store);
        }
        self.read_changed(locks.as_ref());
        self.locks = locks;
        self.choose_near();
    }

    /// Returns the loops that run, and the newest of those that were killed in the last `max_age_ms` or ended in the last
    /// day.
    #[must_use]
    pub fn loops(&self, max_age_ms: u64) -> Vec<ForeignLoop> {
        let mut seen: HashSet<FileId> = HashSet::new();
        let (mut running, mut others) = (Vec::new(), Vec::new());
        for log in self.logs().filter(|log| seen.insert(log.known.file())) {
            let age_ms = self.now_ms.saturating_sub(log.known.modified_ms());
            let max_age_ms = if log.known.ending == Ending::Open { max_age_ms } else { SHOW_ENDED_MS };
            if log.is_locked {
                running.push(&log.known);
            } else if age_ms <= max_age_ms {
                others.push(&log.known);
            }
        }
        others.sort_by_key(|log| Reverse(log.modified));
        let into_loop = |log: &CachedLog| log.clone().into_loop(self.locks.as_ref(), self.own);
        let mut loops: Vec<ForeignLoop> = running.into_iter().map(into_loop).collect();
        let is_shown = |it: &ForeignLoop| it.state != ForeignLoopState::HeaderIncomplete;
        loops.extend(others.into_iter().map(into_loop).filter(is_shown).take(MAX_NOT_RUNNING));
        loops
    }

    /// Returns the directories whose changes tell of a change of a loop.
    pub fn watched_directories(&self) -> impl Iterator<Item = &Path> {
        self.near.iter().map(PathBuf::as_path)
    }

    /// Returns what cannot be searched or read, if anything: the first problem, and how many more there are.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let of_directories = self.directories.values().flat_map(|directory| &directory.problems);
        let of_logs = self.logs().filter_map(|log| log.problem.as_ref());
        let mut problems: Vec<&String> = self.tree.problems.iter().chain(of_directories).chain(of_logs).collect();
        problems.sort_unstable();
        problems.dedup();
        let first = problems.first()?;
        Some(match problems.len() {
            1 => (*first).clone(),
            many => format!("{first} (and {} more)", many - 1),
        })
    }

    /// Keeps what was read for the next index. A path that is not UTF-8 does not fit into the cache.
    fn keep(&self, store: &Store) {
        let logs = self.logs().map(|log| log.known.clone()).filter(|log| log.path.to_str().is_some()).collect();
        store.cache_put(INDEX_CACHE, &IndexCache { cached: self.cached.clone(), tree: self.tree.to_cache(), logs });
    }

    fn logs(&self) -> impl Iterator<Item = &IndexedLog> {
        self.directories.values().flat_map(|directory| directory.logs.values())
    }

    /// Reads the logs that changed: of those that run or ran, and of a part of the others.
    fn read_changed(&mut self, locks: Option<&LockTable>) {
        let (own, now_ms, sweep) = (self.own, self.now_ms, self.sweep..self.sweep + SWEEP);
        let mut count = 0;
        for directory in self.directories.values_mut() {
            for log in directory.logs.values_mut() {
                let was_locked = log.is_locked;
                log.look_at_lock(locks, own);
                let is_recent = now_ms.saturating_sub(log.known.modified_ms()) <= RECENT_MS;
                if was_locked || log.is_locked || is_recent || sweep.contains(&count) {
                    log.read_if_changed();
                    log.look_at_lock(locks, own);
                }
                count += 1;
            }
        }
        self.sweep = if sweep.end < count { sweep.end } else { 0 };
    }

    fn choose_near(&mut self) {
        let newest = |directory: &LogDirectory| {
            let places = directory.logs.values().map(|log| (log.is_locked, log.known.modified));
            places.max().unwrap_or_default()
        };
        let mut directories: Vec<_> = self.directories.iter().map(|(path, it)| (newest(it), path)).collect();
        directories.sort_unstable_by(|a, b| b.cmp(a));
        let of_logs = directories.into_iter().take(MAX_NEAR / 2).map(|(_, path)| path.clone());
        let near: BTreeSet<PathBuf> = of_logs.collect();
        let room = MAX_NEAR - near.len();
        self.near = near.into_iter().chain(self.tree.nearest_paths(room).map(Path::to_owned)).collect();
    }
}

fn by_path(logs: Vec<CachedLog>) -> HashMap<PathBuf, CachedLog> {
    logs.into_iter().map(|log| (log.path.clone(), log)).collect()
}

impl LogDirectory {
    /// Lists the directory if it changed. It keeps at most `room` logs, and all that are locked. `read_before`
    /// is what is known of logs. Returns how many new logs were read.
    fn list(
        &mut self,
        path: &Path,
        room: usize,
        is_locked: &impl Fn(FileId) -> bool,
        read_before: &mut HashMap<PathBuf, CachedLog>,
    ) -> usize {
        let stamp = match fs::symlink_metadata(path) {
            Ok(meta) => directory_stamp(&meta),
            Err(_) => None,
        };
        if stamp.is_some() && stamp == self.stamp && !self.left_out.iter().any(|file| is_locked(*file)) {
            return 0;
        }
        let mut read = 0;
        self.stamp = stamp;
        let mut search = LogSearch::in_directory(path);
        self.problems = std::mem::take(&mut search.problems);
        if !self.problems.is_empty() {
            // The stamp says nothing of permissions.
            self.stamp = None;
        }
        let mut before = std::mem::take(&mut self.logs);
        let room = room.min(MAX_IN_DIRECTORY);
        self.problems.extend(left_out(path, &search, room));
        let rank = |log: &FoundLog| (is_locked(log.file), log.meta.mtime(), log.meta.mtime_nsec());
        search.logs.sort_by_cached_key(|log| Reverse(rank(log)));
        let locked = search.logs.iter().take_while(|log| is_locked(log.file)).count();
        let without_room = search.logs.split_off(search.logs.len().min(room.max(locked)));
        self.left_out = without_room.into_iter().map(|log| log.file).collect();
        for found in search.logs {
            let log = match before.remove(&found.path) {
                Some(mut log) => {
                    log.read_if_stale(&found);
                    log
                }
                None => match read_before.remove(&found.path).filter(|known| known.is_fresh(&found)) {
                    Some(known) => IndexedLog { known, problem: None, is_locked: false },
                    None => {
                        read += 1;
                        IndexedLog::read(&found, None)
                    }
                },
            };
            self.logs.insert(found.path, log);
        }
        read
    }
}

/// Returns why not all logs of a directory are read, if so.
fn left_out(directory: &Path, search: &LogSearch, room: usize) -> Option<String> {
    let directory = directory.display();
    if search.is_full() {
        Some(format!("{directory} has too many files: some logs are left out"))
    } else if search.logs.len() > MAX_IN_DIRECTORY {
        Some(format!(
            "{directory} has more than {MAX_IN_DIRECTORY} logs: the oldest are left out, but not of loops that run"
        ))
    } else if search.logs.len() > room {
        Some(format!("more than {MAX_LOGS} logs are watched: some of those in {directory} are left out"))
    } else {
        None
    }
}

impl IndexedLog {
    fn read(found: &FoundLog, before: Option<&CachedLog>) -> Self {
        let (read, problem) = match ProgressLog::read(&found.path) {
            Ok(read) => (Some(read), None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (None, None),
            Err(error) => (None, Some(format!("cannot read {}: {error}", found.path.display()))),
        };
        Self { known: CachedLog::from_read(found, read, before), problem, is_locked: false }
    }

    fn read_if_stale(&mut self, found: &FoundLog) {
        if !self.known.is_fresh(found) || self.known.file() != found.file || self.problem.is_some() {
            *self = Self { is_locked: self.is_locked, ..Self::read(found, Some(&self.known)) };
        }
    }

    fn read_if_changed(&mut self) {
        // What is gone is noticed by its directory.
        let Ok(meta) = fs::symlink_metadata(&self.known.path) else { return };
        if meta.is_file() {
            let file = FileId::from_metadata(&meta);
            self.read_if_stale(&FoundLog { path: self.known.path.clone(), file, meta });
        }
    }

    fn look_at_lock(&mut self, locks: Option<&LockTable>, own: u32) {
        self.is_locked = locks.is_some_and(|locks| log_holder(locks, self.known.file(), own).is_some());
    }
}
