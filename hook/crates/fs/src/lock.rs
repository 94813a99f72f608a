//! Locks on files, by flock(2). A lock ends with the process that holds it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fs2::FileExt;

/// How long a waiter sleeps between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(2);

/// Acquires the lock of an open file. Returns false if another process holds it.
///
/// # Errors
/// Returns an error if the file system refuses.
pub fn try_lock(file: &File) -> io::Result<bool> {
    match FileExt::try_lock_exclusive(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

/// Acquires the lock of an open file. It waits for all other holders, but not longer than the limit.
///
/// # Errors
/// Returns an error if the file system refuses, or after the limit.
pub fn wait_exclusive(file: &File, limit: Duration) -> io::Result<()> {
    wait(limit, || FileExt::try_lock_exclusive(file))
}

/// Acquires the lock of an open file together with others that do so. It waits for an exclusive holder, but not longer
/// than the limit.
///
/// # Errors
/// Returns an error if the file system refuses, or after the limit.
pub fn wait_shared(file: &File, limit: Duration) -> io::Result<()> {
    wait(limit, || FileExt::try_lock_shared(file))
}

fn wait(limit: Duration, attempt: impl Fn() -> io::Result<()>) -> io::Result<()> {
    let deadline = Instant::now() + limit;
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < deadline => {
                thread::sleep(RETRY_INTERVAL);
            }
            done => return done,
        }
    }
}

/// Returns whether an open file is still the one at its path. A lock on a file that was replaced or removed excludes
/// nobody.
///
/// # Errors
/// Returns an error if the metadata of either cannot be read.
pub fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let held = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(there) => Ok((held.dev(), held.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_a_replaced_file_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let first = File::create(&path).unwrap();
        let second = File::open(&path).unwrap();
        assert!(try_lock(&first).unwrap());
        assert!(!try_lock(&second).unwrap());
        drop(first);
        assert!(try_lock(&second).unwrap() && is_at(&second, &path).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert!(!is_at(&second, &path).unwrap());
        File::create(&path).unwrap();
        assert!(!is_at(&second, &path).unwrap());
    }

    #[test]
    fn a_waiter_gives_up_after_its_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let (first, second) = (File::create(&path).unwrap(), File::open(&path).unwrap());
        let limit = Duration::from_millis(10);
        wait_shared(&first, limit).unwrap();
        wait_shared(&second, limit).unwrap();
        assert_eq!(wait_exclusive(&second, limit).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(first);
        wait_exclusive(&second, limit).unwrap();
        assert_eq!(wait_shared(&File::open(&path).unwrap(), limit).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}
