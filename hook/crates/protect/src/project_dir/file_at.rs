//! Operations on one name in an opened directory.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{AtFlags, OFlag, openat};
use nix::libc;
use nix::sys::stat::{self, FileStat, fchmod, fstat, fstatat};
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};

use super::{ChangeStamp, PathError, ProjectDirError};
use crate::entry::{Digest, Entry, Mode};
use crate::limits::MAX_FILE_BYTES;

#[allow(clippy::useless_conversion, reason = "the type has 16 bits on some systems")]
pub(super) fn to_permissions(mode: Mode) -> stat::Mode {
    stat::Mode::from_bits_truncate(libc::mode_t::try_from(mode.bits()).unwrap_or(0o600))
}

pub(super) fn utf8_name(name: &OsStr) -> Result<String, PathError> {
    name.to_str().map(str::to_owned).ok_or(PathError::NotUtf8)
}

pub(super) fn why_not_a_directory(at: &OwnedFd, name: &OsStr) -> Result<PathError, ProjectDirError> {
    let link = status_of(at, name)?.is_some_and(|status| status.st_mode & libc::S_IFMT == libc::S_IFLNK);
    Ok(if link { PathError::SymlinkInPath } else { PathError::NotADirectory })
}

pub(super) fn status_of(at: &OwnedFd, name: &OsStr) -> Result<Option<FileStat>, ProjectDirError> {
    match fstatat(at.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(status) => Ok(Some(status)),
        Err(nix::Error::ENOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn status_is(at: &OwnedFd, name: &OsStr, stamp: ChangeStamp) -> Result<bool, ProjectDirError> {
    Ok(status_of(at, name)?.is_some_and(|status| ChangeStamp::from_status(&status) == stamp))
}

/// Reads a file that belongs to this account. Returns `None` if it changed meanwhile.
pub(super) fn read_file(above: &OwnedFd, name: &OsStr) -> Result<Option<(Entry, Vec<u8>)>, ProjectDirError> {
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = match openat(above, name, flags, stat::Mode::empty()) {
        Ok(file) => File::from(file),
        Err(nix::Error::ENOENT | nix::Error::ELOOP) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let status = fstat(&file)?;
    if status.st_mode & libc::S_IFMT != libc::S_IFREG {
        return Ok(None);
    }
    if status.st_uid != nix::unistd::geteuid().as_raw() {
        return Err(PathError::OtherOwner.into());
    }
    if u64::try_from(status.st_size).is_ok_and(|size| size > MAX_FILE_BYTES) {
        return Err(PathError::TooLarge.into());
    }
    let mut content = Vec::new();
    (&file).take(MAX_FILE_BYTES + 1).read_to_end(&mut content)?;
    let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
    if bytes > MAX_FILE_BYTES {
        return Err(PathError::TooLarge.into());
    }
    let entry = Entry::File { mode: Mode::from_status(status.st_mode), bytes, sha256: Digest::of(&content) };
    let same = ChangeStamp::from_status(&fstat(&file)?) == ChangeStamp::from_status(&status);
    Ok(same.then_some((entry, content)))
}

pub(super) fn write_new(above: &OwnedFd, name: &str, entry: &Entry, content: &[u8]) -> Result<(), ProjectDirError> {
    match entry {
        Entry::File { mode, .. } => {
            let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let mut file = File::from(openat(above, name, flags, stat::Mode::S_IRUSR | stat::Mode::S_IWUSR)?);
            file.write_all(content)?;
            fchmod(&file, to_permissions(*mode))?;
            Ok(file.sync_all()?)
        }
        Entry::Link { target } => Ok(symlinkat(target.as_str(), above, name)?),
        Entry::Directory { .. } => Err(PathError::UnsupportedType.into()),
    }
}

pub(super) fn remove_if_present(above: &OwnedFd, name: &str) -> Result<(), ProjectDirError> {
    match unlinkat(above, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(nix::Error::ENOENT) => Ok(()),
        // A directory that was not renamed yet is empty.
        Err(nix::Error::EISDIR | nix::Error::EPERM) => Ok(unlinkat(above, name, UnlinkatFlags::RemoveDir)?),
        Err(error) => Err(error.into()),
    }
}
