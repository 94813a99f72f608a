//! Locks on files, by flock(2). A lock ends with the process that holds it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use fs2::FileExt;

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

/// Acquires the lock of an open file. It waits for all other holders.
///
/// # Errors
/// Returns an error if the file system refuses.
pub fn wait_exclusive(file: &File) -> io::Result<()> {
    FileExt::lock_exclusive(file)
}

/// Acquires the lock of an open file together with others that do so. It waits for an exclusive holder.
///
/// # Errors
/// Returns an error if the file system refuses.
pub fn wait_shared(file: &File) -> io::Result<()> {
    FileExt::lock_shared(file)
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
}
