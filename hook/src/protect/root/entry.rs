//! One name in an opened directory.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{AtFlags, OFlag, openat};
use nix::libc;
use nix::sys::stat::{self, FileStat, fchmod, fstat, fstatat};
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};

use super::{Mark, Obstacle, RootError};
use crate::protect::limits::MAX_FILE;
use crate::protect::node::{Digest, Mode, Node};

#[allow(clippy::useless_conversion, reason = "the type has 16 bits on some systems")]
pub(super) fn permissions(mode: Mode) -> stat::Mode {
    stat::Mode::from_bits_truncate(libc::mode_t::try_from(mode.bits()).unwrap_or(0o600))
}

pub(super) fn text(name: &OsStr) -> Result<String, Obstacle> {
    name.to_str().map(str::to_owned).ok_or(Obstacle::Name)
}

pub(super) fn not_a_directory(at: &OwnedFd, name: &OsStr) -> Result<Obstacle, RootError> {
    let link = status(at, name)?.is_some_and(|status| status.st_mode & libc::S_IFMT == libc::S_IFLNK);
    Ok(if link { Obstacle::LinkAbove } else { Obstacle::NoDirectoryAbove })
}

pub(super) fn status(at: &OwnedFd, name: &OsStr) -> Result<Option<FileStat>, RootError> {
    match fstatat(at.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(status) => Ok(Some(status)),
        Err(nix::Error::ENOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn status_is(at: &OwnedFd, name: &OsStr, mark: Mark) -> Result<bool, RootError> {
    Ok(status(at, name)?.is_some_and(|status| Mark::of(&status) == mark))
}

/// Reads a file of ours. None where it changed meanwhile.
pub(super) fn read(above: &OwnedFd, name: &OsStr) -> Result<Option<(Node, Vec<u8>)>, RootError> {
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
        return Err(Obstacle::Foreign.into());
    }
    if u64::try_from(status.st_size).is_ok_and(|size| size > MAX_FILE) {
        return Err(Obstacle::TooLarge.into());
    }
    let mut content = Vec::new();
    (&file).take(MAX_FILE + 1).read_to_end(&mut content)?;
    let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
    if bytes > MAX_FILE {
        return Err(Obstacle::TooLarge.into());
    }
    let node = Node::File { mode: Mode::of_status(status.st_mode), bytes, sha256: Digest::of(&content) };
    let same = Mark::of(&fstat(&file)?) == Mark::of(&status);
    Ok(same.then_some((node, content)))
}

pub(super) fn write(above: &OwnedFd, name: &str, node: &Node, content: &[u8]) -> Result<(), RootError> {
    match node {
        Node::File { mode, .. } => {
            let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let mut file = File::from(openat(above, name, flags, stat::Mode::S_IRUSR | stat::Mode::S_IWUSR)?);
            file.write_all(content)?;
            fchmod(&file, permissions(*mode))?;
            Ok(file.sync_all()?)
        }
        Node::Link { target } => Ok(symlinkat(target.as_str(), above, name)?),
        Node::Directory { .. } => Err(Obstacle::Special.into()),
    }
}

pub(super) fn remove_if_there(above: &OwnedFd, name: &str) -> Result<(), RootError> {
    match unlinkat(above, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(nix::Error::ENOENT) => Ok(()),
        // A directory that was not given its name yet is empty.
        Err(nix::Error::EISDIR | nix::Error::EPERM) => Ok(unlinkat(above, name, UnlinkatFlags::RemoveDir)?),
        Err(error) => Err(error.into()),
    }
}
