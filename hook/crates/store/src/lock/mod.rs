//! The lock: one `flock(2)` on one file that is never removed.

pub(crate) mod contention;
pub(crate) mod supervisor;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use baton_fs::lock::try_lock;

use crate::error::StoreError;
use crate::file;
use crate::lock::contention::ContentionNote;

/// The time between two attempts. A commit takes some milliseconds.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// How long to wait for a holder on which another waiter already timed out. Its process is frozen, or its file system
/// hangs.
const CONTENDED_TIMEOUT: Duration = Duration::from_millis(50);

/// Why the lock was not acquired, or the state directory must not be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum LockError {
    /// Another call held the lock until the deadline.
    #[error("{path} was held by another call of baton until the deadline; nothing was changed")]
    Busy { path: PathBuf },
    /// A newer baton keeps this state.
    #[error("{path} says format {found}, but this baton knows {ours}, so it does not write here")]
    NewerFormat { path: PathBuf, found: u64, ours: u64 },
    /// The write-ahead log has a commit of another machine.
    #[error("{path} is a commit of another machine ({machine}), and only that machine can complete it")]
    OtherMachine { path: PathBuf, machine: String },
    /// A file could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Acquires the lock. It tries until the deadline, or only for [`CONTENDED_TIMEOUT`] if another waiter already timed
/// out on the same holder. Dropping the file releases the lock.
pub(crate) fn acquire(path: &Path, deadline: Instant) -> Result<File, LockError> {
    let begun = Instant::now();
    let patience = deadline.saturating_duration_since(begun);
    let mut file = file::open_lock(path)?;
    let mut met = None;
    loop {
        match try_lock(&file) {
            Ok(true) if is_at(&file, path)? => return Ok(file),
            // Another process replaced the file after this one opened it. A lock on the old file would exclude nobody.
            Ok(true) if begun.elapsed() < patience => file = file::open_lock(path)?,
            Ok(true) => return Err(LockError::Busy { path: path.to_owned() }),
            Ok(false) => {
                let note = ContentionNote::read(&file);
                let waited = note.as_ref().and_then(ContentionNote::timed_out_after);
                let known = waited.is_some_and(|waited| patience <= waited + CONTENDED_TIMEOUT);
                let wait = if known { patience.min(CONTENDED_TIMEOUT) } else { patience };
                let held = note.map(|note| note.holder);
                let met = met.get_or_insert_with(|| held.clone());
                if begun.elapsed() >= wait {
                    if let Some(held) = held.filter(|held| !known && met.as_ref() == Some(held)) {
                        held.record_timeout(&file, patience);
                    }
                    return Err(LockError::Busy { path: path.to_owned() });
                }
            }
            Err(error) => return Err(StoreError::io("lock", path)(error).into()),
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Acquires the lock, or returns `None` if another process holds it.
pub(crate) fn try_acquire(path: &Path) -> Result<Option<File>, StoreError> {
    loop {
        let file = file::open_lock(path)?;
        match try_lock(&file) {
            Ok(true) if is_at(&file, path)? => return Ok(Some(file)),
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(StoreError::io("lock", path)(error)),
        }
    }
}

fn is_at(file: &File, path: &Path) -> Result<bool, StoreError> {
    baton_fs::lock::is_at(file, path).map_err(StoreError::io("look at", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::contention::HolderId;

    #[test]
    fn one_holder_at_a_time_and_free_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = acquire(&path, Instant::now()).unwrap();
        assert!(matches!(acquire(&path, Instant::now()), Err(LockError::Busy { .. })));
        drop(held);
        acquire(&path, Instant::now()).unwrap();
    }

    #[test]
    fn a_hold_is_waited_for_in_vain_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = acquire(&path, Instant::now()).unwrap();
        HolderId::write_new(&held);
        let patience = Duration::from_millis(300);
        let wait = |patience| {
            let begun = Instant::now();
            assert!(matches!(acquire(&path, begun + patience), Err(LockError::Busy { .. })));
            begun.elapsed()
        };
        assert!(wait(patience) >= patience);
        assert!(wait(patience) < patience);
        // A waiter with a longer timeout than the recorded one still waits for the whole of it.
        assert!(wait(patience * 2) >= patience * 2);
        // Another holder is waited for in full, although the file is the same.
        HolderId::write_new(&held);
        assert!(wait(patience) >= patience);
    }

    #[test]
    fn a_replaced_lock_file_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = acquire(&path, Instant::now()).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(!is_at(&held, &path).unwrap());
        let second = acquire(&path, Instant::now()).unwrap();
        assert!(is_at(&second, &path).unwrap() && !is_at(&held, &path).unwrap());
    }
}
