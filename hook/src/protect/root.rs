//! The project's directory, opened once: every file in it is reached from here, one name at a time, and never through a symbolic
//! link, so that one planted in the project leads nowhere else.

mod entry;
mod obstacle;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::fcntl::{OFlag, openat, readlinkat, renameat};
use nix::libc;
use nix::sys::stat::{self, FileStat, fchmod, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use entry::{not_a_directory, permissions, read, remove_if_there, status, status_is, text, write};
pub use obstacle::{Obstacle, RootError};

use super::node::{Digest, Mode, Node};
use super::pack::RootId;
use crate::config::Inside;

const DIRECTORY: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// How often a file that changes while it is read is read again.
const READ_TRIES: u32 = 3;

/// An opened project.
#[derive(Debug)]
pub struct Root {
    directory: OwnedFd,
    path: PathBuf,
}

/// What stands at a path, with its content and with what shows that it is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it is.
    pub node: Node,
    /// A file's content.
    pub content: Option<Vec<u8>>,
    /// Changes whenever the file does.
    pub mark: Mark,
}

/// What of a file's status changes whenever the file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    inode: u64,
    size: i64,
    changed: (i64, i64),
}

impl Mark {
    fn of(status: &FileStat) -> Self {
        Self { inode: status.st_ino, size: status.st_size, changed: (status.st_ctime, status.st_ctime_nsec) }
    }

    /// When its content, its permissions or its name last changed: milliseconds since 1970, and nobody can set it back.
    #[must_use]
    pub fn changed_ms(&self) -> u64 {
        let ms = self.changed.0.saturating_mul(1000).saturating_add(self.changed.1 / 1_000_000);
        u64::try_from(ms).unwrap_or(0)
    }
}

impl Root {
    /// Opens a project.
    ///
    /// # Errors
    /// Where it is not there, or is no directory.
    pub fn open(path: &Path) -> io::Result<Self> {
        let directory = nix::fcntl::open(path, DIRECTORY, stat::Mode::empty())?;
        Ok(Self { directory, path: path.to_owned() })
    }

    /// Which directory it is.
    ///
    /// # Errors
    /// Where it cannot be looked at.
    pub fn id(&self) -> io::Result<RootId> {
        let meta = File::from(self.directory.try_clone()?).metadata()?;
        Ok(RootId { device: meta.dev(), inode: meta.ino() })
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory that holds a path. None where it is not there.
    fn above(&self, path: &Inside) -> Result<Option<OwnedFd>, RootError> {
        let mut at = self.directory.try_clone()?;
        let Some(above) = path.path().parent() else { return Ok(Some(at)) };
        for name in above {
            at = match openat(&at, name, DIRECTORY, stat::Mode::empty()) {
                Ok(next) => next,
                Err(nix::Error::ENOENT) => return Ok(None),
                Err(nix::Error::ENOTDIR | nix::Error::ELOOP) => return Err(not_a_directory(&at, name)?.into()),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(Some(at))
    }

    /// What stands at a path; none where nothing does. A symbolic link is itself, never what it leads to.
    ///
    /// # Errors
    /// An obstacle, or what the system says.
    pub fn standing(&self, path: &Inside) -> Result<Option<Standing>, RootError> {
        let above = match self.above(path) {
            Ok(Some(above)) => above,
            Ok(None) | Err(RootError::Obstacle(Obstacle::NoDirectoryAbove)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let name = name_of(path);
        for _ in 0..READ_TRIES {
            let Some(status) = status(&above, name)? else { return Ok(None) };
            let mark = Mark::of(&status);
            let (node, content) = match status.st_mode & libc::S_IFMT {
                libc::S_IFDIR => (Node::Directory { mode: Mode::of_status(status.st_mode) }, None),
                libc::S_IFLNK => (Node::Link { target: text(&readlinkat(&above, name)?)? }, None),
                libc::S_IFREG => match read(&above, name)? {
                    Some((node, content)) => (node, Some(content)),
                    None => continue,
                },
                _ => return Err(Obstacle::Special.into()),
            };
            if status_is(&above, name, mark)? {
                return Ok(Some(Standing { node, content, mark }));
            }
        }
        Err(Obstacle::Restless.into())
    }

    /// The names in a directory.
    ///
    /// # Errors
    /// An obstacle, or what the system says.
    pub fn names(&self, path: &Inside) -> Result<Vec<String>, RootError> {
        let Some(above) = self.above(path)? else { return Ok(Vec::new()) };
        let mut directory = Dir::from_fd(openat(&above, name_of(path), DIRECTORY, stat::Mode::empty())?)?;
        let mut names = Vec::new();
        for entry in directory.iter() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(text(OsStr::from_bytes(name))?);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Whether the project's directory holds nothing at all, as a mount point does.
    ///
    /// # Errors
    /// Where it cannot be listed.
    pub fn is_empty(&self) -> io::Result<bool> {
        let mut directory = Dir::openat(&self.directory, ".", DIRECTORY, stat::Mode::empty())?;
        let mut found = directory
            .iter()
            .filter(|entry| entry.as_ref().map_or(true, |entry| !matches!(entry.file_name().to_bytes(), b"." | b"..")));
        Ok(found.next().is_none())
    }

    /// Makes a directory in one step. One that stands there is left as it is.
    ///
    /// # Errors
    /// An obstacle, or what the system says.
    pub fn make_directory(&self, path: &Inside, mode: Mode) -> Result<(), RootError> {
        let above = self.above(path)?.ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
        let name = name_of(path);
        match status(&above, name)? {
            Some(found) if found.st_mode & libc::S_IFMT == libc::S_IFDIR => return Ok(()),
            Some(_) => return Err(Obstacle::Moved.into()),
            None => {}
        }
        let temporary = temporary(path);
        remove_if_there(&above, &temporary)?;
        mkdirat(&above, temporary.as_str(), stat::Mode::S_IRWXU)?;
        let made = openat(&above, temporary.as_str(), DIRECTORY, stat::Mode::empty())
            .and_then(|directory| fchmod(&directory, permissions(mode)))
            .and_then(|()| renameat(&above, temporary.as_str(), &above, name));
        match made {
            Ok(()) => Ok(File::from(above).sync_all()?),
            Err(error) => {
                // The error that is told is the first one.
                let _ = remove_if_there(&above, &temporary);
                Err(error.into())
            }
        }
    }

    /// Gives a directory its permissions.
    ///
    /// # Errors
    /// An obstacle, or what the system says.
    pub fn set_mode(&self, path: &Inside, mode: Mode) -> Result<(), RootError> {
        let above = self.above(path)?.ok_or(Obstacle::Moved)?;
        let directory = openat(&above, name_of(path), DIRECTORY, stat::Mode::empty())?;
        fchmod(&directory, permissions(mode))?;
        Ok(File::from(directory).sync_all()?)
    }

    /// Puts a file or a link in place in one step, durably, where `expected` still stands.
    ///
    /// # Errors
    /// An obstacle, or what the system says: then what stood there stands there still.
    pub fn put(&self, path: &Inside, node: &Node, content: &[u8], expected: Option<Mark>) -> Result<(), RootError> {
        let above = self.above(path)?.ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
        let name = name_of(path);
        let temporary = temporary(path);
        remove_if_there(&above, &temporary)?;
        let written = write(&above, &temporary, node, content).and_then(|()| {
            let unchanged = status(&above, name)?.map(|status| Mark::of(&status)) == expected;
            if !unchanged {
                return Err(Obstacle::Moved.into());
            }
            match expected {
                None => rename_new(&above, &temporary, name),
                Some(_) => Ok(renameat(&above, temporary.as_str(), &above, name)?),
            }
        });
        match written {
            Ok(()) => Ok(File::from(above).sync_all()?),
            Err(error) => {
                // The error that is told is the first one.
                let _ = remove_if_there(&above, &temporary);
                Err(error)
            }
        }
    }

    /// Removes what stands at a path, if it is still what was seen.
    ///
    /// # Errors
    /// An obstacle, or what the system says.
    pub fn remove(&self, path: &Inside, standing: &Standing) -> Result<(), RootError> {
        let Some(above) = self.above(path)? else { return Ok(()) };
        let name = name_of(path);
        let is_directory = matches!(standing.node, Node::Directory { .. });
        // A directory's mark changes as its files go.
        if !is_directory && !status_is(&above, name, standing.mark)? {
            return Err(Obstacle::Moved.into());
        }
        let flag = if is_directory { UnlinkatFlags::RemoveDir } else { UnlinkatFlags::NoRemoveDir };
        match unlinkat(&above, name, flag) {
            Ok(()) => Ok(File::from(above).sync_all()?),
            Err(nix::Error::ENOENT) => Ok(()),
            Err(nix::Error::ENOTEMPTY | nix::Error::EEXIST) => Err(Obstacle::NotEmpty.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what a call that was cut off while it put a file in place left beside it.
    ///
    /// # Errors
    /// What the system says.
    pub fn clear_temporary(&self, path: &Inside) -> Result<(), RootError> {
        match self.above(path) {
            Ok(Some(above)) => remove_if_there(&above, &temporary(path)),
            Ok(None) | Err(RootError::Obstacle(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Gives a file a name that must be free: what came there meanwhile is left, and is an obstacle.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn rename_new(above: &OwnedFd, from: &str, to: &OsStr) -> Result<(), RootError> {
    use nix::fcntl::{RenameFlags, renameat2};
    match renameat2(above, from, above, to, RenameFlags::RENAME_NOREPLACE) {
        Err(nix::Error::EEXIST) => Err(Obstacle::Moved.into()),
        // A file system that cannot do it in one step.
        Err(nix::Error::EINVAL | nix::Error::ENOSYS) => rename_if_free(above, from, to),
        renamed => Ok(renamed?),
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) use rename_if_free as rename_new;

/// The same in two steps: what comes between them is replaced.
fn rename_if_free(above: &OwnedFd, from: &str, to: &OsStr) -> Result<(), RootError> {
    if status(above, to)?.is_some() {
        return Err(Obstacle::Moved.into());
    }
    Ok(renameat(above, from, above, to)?)
}

/// The name beside a path under which its new content is written: always the same, so that it can be found again.
fn temporary(path: &Inside) -> String {
    let digest = Digest::of(path.path().as_os_str().as_bytes());
    format!(".baton-{}.tmp", digest.as_str().get(..16).unwrap_or_default())
}

/// The last name of a path.
fn name_of(path: &Inside) -> &OsStr {
    path.path().file_name().unwrap_or_default()
}
