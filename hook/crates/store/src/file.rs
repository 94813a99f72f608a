//! Reads and writes single files. All reads have a maximum size. No operation follows a symlink or uses another user's
//! file.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use baton_fs::read::{check_own, open_own, read_sized};
use nix::fcntl::OFlag;
use serde::Serialize;

use crate::error::StoreError;

/// The maximum size of a record, in bytes.
pub(crate) const MAX_RECORD: u64 = 1024 * 1024;

/// Returns the options with which every file is opened: it does not follow a symlink, and does not wait for the other
/// end of a pipe.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    options
}

/// Refuses a file that is not a regular file of this user. Returns its length.
fn check(file: &File, path: &Path) -> Result<u64, StoreError> {
    check_own(file).map(|meta| meta.len()).map_err(refused("look at", path))
}

/// Returns the error for a file that could not be used or is refused.
fn refused(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |error| match error.kind() {
        ErrorKind::InvalidInput => StoreError::unreadable(path, error.to_string()),
        _ => StoreError::io(operation, path)(error),
    }
}

/// Opens a file for reading and returns it with its length, or `None` if it does not exist.
pub(crate) fn open(path: &Path) -> Result<Option<(File, u64)>, StoreError> {
    match open_own(path) {
        Ok((file, meta)) => Ok(Some((file, meta.len()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused("open", path)(error)),
    }
}

/// Reads a file of at most `cap` bytes. Returns `None` if it does not exist.
pub(crate) fn read(path: &Path, cap: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let Some((file, len)) = open(path)? else {
        return Ok(None);
    };
    match read_sized(file, len, usize::try_from(cap).unwrap_or(usize::MAX - 1)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            Err(StoreError::unreadable(path, format!("is larger than {cap} bytes")))
        }
        Err(error) => Err(StoreError::io("read", path)(error)),
    }
}

/// Returns a value as JSON, if a file of at most `cap` bytes may hold it.
pub(crate) fn to_json(path: &Path, value: &impl Serialize, cap: u64) -> Result<Vec<u8>, StoreError> {
    let bytes = serde_json::to_vec(value).map_err(|error| StoreError::io("write", path)(error.into()))?;
    check_size(path, &bytes, cap)?;
    Ok(bytes)
}

/// Refuses content of more than `cap` bytes.
pub(crate) fn check_size(path: &Path, bytes: &[u8], cap: u64) -> Result<(), StoreError> {
    let limit = usize::try_from(cap).unwrap_or(usize::MAX);
    if bytes.len() > limit {
        return Err(StoreError::TooLong { path: path.to_owned(), bytes: bytes.len(), limit });
    }
    Ok(())
}

/// Writes a file and syncs it. It replaces any old content, such as that of an old temporary file.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    sync(&write(path, bytes)?, path)
}

/// Writes a file without making it durable. [`sync_all`] does that.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<File, StoreError> {
    remove(path)?;
    let mut file = options().write(true).create_new(true).open(path).map_err(StoreError::io("create", path))?;
    file.write_all(bytes).map_err(StoreError::io("write", path))?;
    Ok(file)
}

/// Makes the writes to an open file durable.
pub(crate) fn sync(file: &File, path: &Path) -> Result<(), StoreError> {
    #[cfg(test)]
    sync_count::add();
    file.sync_all().map_err(StoreError::io("sync", path))
}

/// The maximum number of files that are synced one by one. A single event changes fewer.
///
/// `syncfs(2)` takes one call for any number of files, but it waits for the dirty pages of every program on that file
/// system, and the time limit of a hook cannot interrupt it. So it is used only for work that no ordinary event does: a
/// restored copy with many runs, an index with many files, or a large sweep of retention.
const MAX_FSYNCED_INDIVIDUALLY: usize = 64;

/// Returns whether this many files are synced by one `syncfs(2)`.
pub(crate) const fn needs_syncfs(files: usize) -> bool {
    files > MAX_FSYNCED_INDIVIDUALLY
}

/// Makes files and directories below `root` durable: one by one if they are few, otherwise by one sync of the file
/// system.
pub(crate) fn sync_all<'p>(root: &Path, paths: impl ExactSizeIterator<Item = &'p Path>) -> Result<(), StoreError> {
    if needs_syncfs(paths.len()) {
        #[cfg(test)]
        sync_count::add_syncfs();
        let synced = File::open(root).and_then(|dir| Ok(nix::unistd::syncfs(dir)?));
        return synced.map_err(StoreError::io("sync the file system of", root));
    }
    for path in paths {
        match File::open(path) {
            Ok(file) => sync(&file, path)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io("sync", path)(error)),
        }
    }
    sync_dir(root)
}

/// Counts the syncs of this thread. A large amount of work must not sync file by file, and an event must not sync the
/// file system.
#[cfg(test)]
pub(crate) mod sync_count {
    use std::cell::Cell;

    thread_local! {
        static SYNCS: Cell<usize> = const { Cell::new(0) };
        static SYNCFS: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn add() {
        SYNCS.set(SYNCS.get() + 1);
    }

    pub(super) fn add_syncfs() {
        add();
        SYNCFS.set(SYNCFS.get() + 1);
    }

    /// Returns the number of all syncs since the last call of this function.
    pub(crate) fn take() -> usize {
        SYNCS.replace(0)
    }

    /// Returns the number of calls of `syncfs` since the last call of this function.
    pub(crate) fn take_syncfs() -> usize {
        SYNCFS.replace(0)
    }
}

/// What a power cut may leave of a replaced file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The old file, the new one, or an incomplete one. This is only for data that can be derived again.
    None,
    /// Either the old file or the new one.
    Content,
    /// The new file.
    Full,
}

/// Replaces a file atomically. `temp` must be on the same file system.
pub(crate) fn replace(temp: &Path, path: &Path, bytes: &[u8], durability: Durability) -> Result<(), StoreError> {
    let file = write(temp, bytes)?;
    if durability != Durability::None {
        sync(&file, temp)?;
    }
    drop(file);
    rename(temp, path)?;
    match (durability, path.parent()) {
        (Durability::Full, Some(dir)) => sync_dir(dir),
        _ => Ok(()),
    }
}

/// Renames a file.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(StoreError::io("rename a file to", to))
}

/// Appends with one write, so that concurrent writers do not interleave. Returns the open file, which is not synced.
pub(crate) fn append(path: &Path, bytes: &[u8]) -> Result<File, StoreError> {
    let file = options().append(true).create(true).open(path).map_err(StoreError::io("open", path))?;
    append_once(file, path, bytes)
}

fn append_once(mut file: File, path: &Path, bytes: &[u8]) -> Result<File, StoreError> {
    check(&file, path)?;
    let written = file.write(bytes).map_err(StoreError::io("append to", path))?;
    if written < bytes.len() {
        // Writing the rest would allow another writer's line in between. Every reader skips the incomplete line. Ending it says why it is
        // incomplete: no space, a quota or a limit on the size.
        let why = file.write(b"\n").err().unwrap_or_else(|| ErrorKind::StorageFull.into());
        return Err(StoreError::io("append to", path)(why));
    }
    Ok(file)
}

/// Appends like [`append`], but returns `None` if the file does not exist.
pub(crate) fn append_to_existing(path: &Path, bytes: &[u8]) -> Result<Option<File>, StoreError> {
    let file = match options().append(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("open", path)(error)),
    };
    append_once(file, path, bytes).map(Some)
}

/// Opens the lock file and creates it if it does not exist.
pub(crate) fn open_lock(path: &Path) -> Result<File, StoreError> {
    let file = options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(StoreError::io("open", path))?;
    check(&file, path)?;
    Ok(file)
}

/// Removes a file. A missing file is not an error.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    absent_is_fine(fs::remove_file(path)).map_err(StoreError::io("remove", path))
}

/// Removes a directory with its content. A missing directory is not an error.
pub(crate) fn remove_dir_all(path: &Path) -> Result<(), StoreError> {
    absent_is_fine(fs::remove_dir_all(path)).map_err(StoreError::io("remove", path))
}

/// Renames a file. A missing file is not an error.
pub(crate) fn rename_if_there(from: &Path, to: &Path) -> Result<(), StoreError> {
    absent_is_fine(fs::rename(from, to)).map_err(StoreError::io("rename a file to", to))
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Makes the renames in a directory durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    let dir = File::open(path).map_err(StoreError::io("sync", path))?;
    sync(&dir, path)
}

/// Creates a directory and its parents, accessible only to this account.
pub(crate) fn make_dir(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(StoreError::io("make the directory", path))
}

/// Returns whether anything exists at a path.
pub(crate) fn exists(path: &Path) -> Result<bool, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("inspect", path)(error)),
    }
}

/// Returns the names in a directory, or nothing if it does not exist. This is only for commands, the inbox and
/// recovery. Ordinary events must not list directories.
pub(crate) fn list_names(path: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = list_some_names(path, usize::MAX)?;
    names.sort_unstable();
    Ok(names)
}

/// Returns up to `most` names in a directory, in the order of the file system.
pub(crate) fn list_some_names(path: &Path, most: usize) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("list", path)(error)),
    };
    let mut names = Vec::new();
    for entry in entries.take(most) {
        // baton never creates a name that is not UTF-8.
        names.extend(entry.map_err(StoreError::io("list", path))?.file_name().into_string());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_plain_files_of_ours_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("plain"), b"12345678").unwrap();
        std::os::unix::fs::symlink(at("plain"), at("link")).unwrap();
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        fs::create_dir(at("dir")).unwrap();
        let cases = [
            ("plain", 8, Some(true)),
            ("plain", 7, None),
            ("missing", 8, Some(false)),
            ("link", 8, None),
            ("pipe", 8, None),
            ("dir", 8, None),
            ("plain/below", 8, None),
        ];
        for (name, cap, expected) in cases {
            let found = read(&at(name), cap).ok().map(|bytes| bytes.is_some());
            assert_eq!(found, expected, "{name} {cap}");
        }
    }

    #[test]
    fn another_accounts_file_is_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("theirs");
        fs::write(&path, b"x").unwrap();
        if std::os::unix::fs::chown(&path, Some(12345), None).is_err() {
            return; // Only root can create this case.
        }
        assert!(matches!(read(&path, 8), Err(StoreError::Unreadable { .. })));
    }
}
