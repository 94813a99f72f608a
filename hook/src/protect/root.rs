//! The project's directory, opened once: every file in it is reached from here, one name at a time, and never through a symbolic
//! link, so that one planted in the project leads nowhere else.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat, renameat};
use nix::libc;
use nix::sys::stat::{self, FileStat, fchmod, fstat, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};

use super::limits::MAX_FILE;
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

/// Why something cannot be taken, or cannot be put in place, although the disk is well. Another try changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// A symbolic link is on the way.
    #[error("a symbolic link stands on the way to it")]
    LinkAbove,
    /// Something that is no directory is on the way.
    #[error("something that is no directory stands on the way to it")]
    NoDirectoryAbove,
    /// It is a pipe, a socket or a device.
    #[error("it is neither a file nor a directory nor a symbolic link")]
    Special,
    /// It belongs to someone else.
    #[error("it belongs to another account")]
    Foreign,
    /// It is too large.
    #[error("it is larger than {MAX_FILE} bytes")]
    TooLarge,
    /// It keeps changing.
    #[error("it is being written")]
    Restless,
    /// Its name or its target cannot be written down.
    #[error("a name in it is no UTF-8")]
    Name,
    /// There is something else now.
    #[error("it changed while it was looked at")]
    Moved,
    /// The directory holds something.
    #[error("it is not empty")]
    NotEmpty,
}

/// Why a file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// The disk is well.
    #[error("{0}")]
    Obstacle(#[from] Obstacle),
    /// The system refused it.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl From<nix::Error> for RootError {
    fn from(error: nix::Error) -> Self {
        Self::Io(error.into())
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

#[allow(clippy::useless_conversion, reason = "the type has 16 bits on some systems")]
fn permissions(mode: Mode) -> stat::Mode {
    stat::Mode::from_bits_truncate(libc::mode_t::try_from(mode.bits()).unwrap_or(0o600))
}

/// The last name of a path.
fn name_of(path: &Inside) -> &OsStr {
    path.path().file_name().unwrap_or_default()
}

fn text(name: &OsStr) -> Result<String, Obstacle> {
    name.to_str().map(str::to_owned).ok_or(Obstacle::Name)
}

fn not_a_directory(at: &OwnedFd, name: &OsStr) -> Result<Obstacle, RootError> {
    let link = status(at, name)?.is_some_and(|status| status.st_mode & libc::S_IFMT == libc::S_IFLNK);
    Ok(if link { Obstacle::LinkAbove } else { Obstacle::NoDirectoryAbove })
}

fn status(at: &OwnedFd, name: &OsStr) -> Result<Option<FileStat>, RootError> {
    match fstatat(at.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(status) => Ok(Some(status)),
        Err(nix::Error::ENOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn status_is(at: &OwnedFd, name: &OsStr, mark: Mark) -> Result<bool, RootError> {
    Ok(status(at, name)?.is_some_and(|status| Mark::of(&status) == mark))
}

/// Reads a file of ours. None where it changed meanwhile.
fn read(above: &OwnedFd, name: &OsStr) -> Result<Option<(Node, Vec<u8>)>, RootError> {
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

fn write(above: &OwnedFd, name: &str, node: &Node, content: &[u8]) -> Result<(), RootError> {
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

fn remove_if_there(above: &OwnedFd, name: &str) -> Result<(), RootError> {
    match unlinkat(above, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(nix::Error::ENOENT) => Ok(()),
        // A directory that was not given its name yet is empty.
        Err(nix::Error::EISDIR | nix::Error::EPERM) => Ok(unlinkat(above, name, UnlinkatFlags::RemoveDir)?),
        Err(error) => Err(error.into()),
    }
}
