//! Reads files that other programs write, safely: without following a symlink, blocking, or reading without a limit.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;

const NOT_REGULAR: &str = "is not a regular file";

/// Opens a regular file of this user for reading. The last component of the path must not be a symlink. A pipe or a
/// device does not block.
///
/// # Errors
/// Returns an error if the file cannot be opened. The error is `InvalidInput` if it is not a regular file of this user.
pub fn open_own(path: &Path) -> io::Result<(File, Metadata)> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let meta = check_own(&file)?;
    Ok((file, meta))
}

/// Opens a regular file for reading, of whatever user and through symlinks. A pipe or a device does not block.
///
/// # Errors
/// Returns an error if the file cannot be opened. The error is `InvalidInput` if it is not a regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, NOT_REGULAR)) }
}

/// Refuses a file that is not a regular file of this user.
///
/// # Errors
/// Returns an error if the metadata cannot be read. The error is `InvalidInput`, with the kind of the file, if it is
/// refused.
pub fn check_own(file: &File) -> io::Result<Metadata> {
    let refused = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    let meta = file.metadata()?;
    if !meta.is_file() {
        refused(NOT_REGULAR)
    } else if meta.uid() != nix::unistd::geteuid().as_raw() {
        refused("belongs to another account")
    } else {
        Ok(meta)
    }
}

/// Reads a regular file of this user.
///
/// # Errors
/// Returns an error if the file cannot be opened by [`open_own`] or read. The error is `FileTooLarge` if the file has
/// more than `cap` bytes.
pub fn read_own(path: &Path, cap: usize) -> io::Result<Vec<u8>> {
    let (file, meta) = open_own(path)?;
    read_sized(file, meta.len(), cap)
}

/// Reads a file to its end, up to `cap` bytes.
///
/// # Errors
/// Returns an error if the file cannot be read. The error is `FileTooLarge` if it has more than `cap` bytes.
pub fn read_capped(file: File, cap: usize) -> io::Result<Vec<u8>> {
    read_sized(file, 0, cap)
}

/// Like [`read_capped`], for a file that had `len` bytes when it was opened. One read is enough if it still has.
///
/// # Errors
/// Returns the errors of [`read_capped`].
pub fn read_sized(file: File, len: u64, cap: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(cap).min(cap));
    file.take(cap as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > cap { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Returns whether a transcript has any content. A transcript that is missing or unreadable has none.
#[must_use]
pub fn has_content(transcript: &Path) -> bool {
    open_own(transcript).is_ok_and(|(_, meta)| meta.len() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_filled_regular_file_holds_something() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("full"), "{}\n").unwrap();
        std::fs::write(at("empty"), "").unwrap();
        std::os::unix::fs::symlink(at("full"), at("link")).unwrap();
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        for (name, expected) in
            [("full", true), ("empty", false), ("link", false), ("pipe", false), ("missing", false), (".", false)]
        {
            assert_eq!(has_content(&at(name)), expected, "{name}");
        }
        assert!(!has_content(Path::new("/dev/zero")));
        assert!(!has_content(Path::new("nul\0byte")));
    }

    #[test]
    fn a_file_over_the_cap_is_refused_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_own(&path, 5).unwrap(), b"12345");
        assert_eq!(read_own(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
