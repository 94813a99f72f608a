//! The logs that clients follow.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::LogLimits;
use super::reader::LogReader;
use super::replay::{LogEvent, Position, Replay};
use super::sections::{LogSection, sections};

/// How many logs are remembered that nobody follows any more.
const MAX_UNFOLLOWED: usize = 8;

/// The logs that are followed, or were recently. A log that nobody follows is not read.
#[derive(Debug)]
pub(crate) struct FollowedLogs {
    limits: LogLimits,
    max_unfollowed: usize,
    logs: Mutex<HashMap<PathBuf, Followed>>,
}

#[derive(Debug)]
struct Followed {
    log: Arc<Mutex<Log>>,
    /// Whether its loop ran when it was last asked for.
    is_running: bool,
    used: Instant,
}

#[derive(Debug)]
struct Log {
    reader: LogReader,
    replay: Replay,
    /// Whether its writer has ended. Only then a line without a break is complete.
    has_ended: bool,
}

/// A client of a log.
#[derive(Debug)]
pub(crate) struct LogClient {
    log: Arc<Mutex<Log>>,
    /// Where it is. It is `None` before the first event.
    position: Option<Position>,
}

impl Default for FollowedLogs {
    fn default() -> Self {
        Self::new(LogLimits::default(), MAX_UNFOLLOWED)
    }
}

impl FollowedLogs {
    pub(super) fn new(limits: LogLimits, max_unfollowed: usize) -> Self {
        Self { limits, max_unfollowed, logs: Mutex::default() }
    }

    /// Follows a log, after a position if a client names one. `is_running` says whether its loop runs: such a log is
    /// remembered longer.
    ///
    /// # Errors
    /// Returns an error if the system gives no random bytes.
    pub(crate) fn follow(&self, path: &Path, is_running: bool, after: Option<Position>) -> io::Result<LogClient> {
        let mut logs = lock(&self.logs);
        let log = match logs.get_mut(path) {
            Some(known) => {
                (known.is_running, known.used) = (is_running, Instant::now());
                Arc::clone(&known.log)
            }
            None => {
                let run = getrandom::u64()?;
                let (reader, replay) = (LogReader::new(path.to_owned(), self.limits), Replay::new(run, self.limits));
                let log = Arc::new(Mutex::new(Log { reader, replay, has_ended: false }));
                let used = Instant::now();
                logs.insert(path.to_owned(), Followed { log: Arc::clone(&log), is_running, used });
                log
            }
        };
        self.evict(&mut logs);
        Ok(LogClient { log, position: after })
    }

    /// Forgets logs that nobody follows: first those whose loop ended, and then those that were not used for longest.
    fn evict(&self, logs: &mut HashMap<PathBuf, Followed>) {
        let unfollowed = logs.iter().filter(|(_, it)| Arc::strong_count(&it.log) == 1);
        let mut unfollowed: Vec<_> = unfollowed.map(|(path, it)| (it.is_running, it.used, path.clone())).collect();
        unfollowed.sort_unstable();
        let surplus = unfollowed.len().saturating_sub(self.max_unfollowed);
        for (_, _, path) in unfollowed.into_iter().take(surplus) {
            logs.remove(&path);
        }
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = lock(&self.logs).keys().cloned().collect();
        paths.sort();
        paths
    }
}

impl LogClient {
    /// Says whether the writer of the log has ended.
    pub(crate) fn set_has_ended(&self, has_ended: bool) {
        lock(&self.log).has_ended = has_ended;
    }

    /// Returns what is new for this client: at most `limit` lines. It reads what was written since the last call.
    ///
    /// # Errors
    /// Returns an error if the log cannot be read. The client keeps what it has, and the next call goes on.
    pub(crate) fn next(&mut self, limit: usize) -> io::Result<Vec<LogEvent>> {
        let mut log = lock(&self.log);
        let read = log.poll();
        let events =
            if read.is_err() && self.position.is_none() { Vec::new() } else { log.replay.after(self.position, limit) };
        drop(log);
        match (events.last(), read) {
            (Some(last), _) => {
                self.position = Some(last.position());
                Ok(events)
            }
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Ok(events),
        }
    }

    /// Returns the sections of the lines that are kept, and how many bytes of the log are before these lines.
    ///
    /// # Errors
    /// Returns an error if the log cannot be read.
    pub(crate) fn sections(&self) -> io::Result<(Vec<LogSection>, u64)> {
        let mut log = lock(&self.log);
        log.poll()?;
        let omitted = log.replay.lines().next().map_or(0, |line| line.start);
        Ok((sections(log.replay.lines()), omitted))
    }
}

impl Log {
    fn poll(&mut self) -> io::Result<()> {
        let replay = &mut self.replay;
        self.reader.poll(self.has_ended, &mut |step| replay.take(step))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds the lock.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
