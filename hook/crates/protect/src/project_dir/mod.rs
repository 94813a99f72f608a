//! The project's directory, opened once: every file in it is reached from here, one name at a time, and never through a symbolic
//! link, so that one planted in the project leads nowhere else.

mod change_stamp;
mod error;
mod file_at;

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
use nix::sys::stat::{self, fchmod, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

pub use change_stamp::ChangeStamp;
pub use error::{PathError, ProjectDirError};
use file_at::{
    read_file, remove_if_present, status_is, status_of, to_permissions, utf8_name, why_not_a_directory, write_new,
};

use super::entry::{Digest, Entry, Mode};
use super::tar_archive::DirectoryId;
use baton_engine::config::RelativePath;

const DIRECTORY_FLAGS: OFlag =
    OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// How often a file that changes while it is read is read again.
const MAX_READ_ATTEMPTS: u32 = 3;

/// An opened project.
#[derive(Debug)]
pub struct ProjectDir {
    directory: OwnedFd,
    path: PathBuf,
}

/// What stands at a path, with its content and with what shows that it is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedEntry {
    /// What it is.
    pub entry: Entry,
    /// A file's content.
    pub content: Option<Vec<u8>>,
    /// Changes whenever the file does.
    pub stamp: ChangeStamp,
}

impl ProjectDir {
    /// Opens a project.
    ///
    /// # Errors
    /// Where it is not there, or is no directory.
    pub fn open(path: &Path) -> io::Result<Self> {
        let directory = nix::fcntl::open(path, DIRECTORY_FLAGS, stat::Mode::empty())?;
        Ok(Self { directory, path: path.to_owned() })
    }

    /// Which directory it is.
    ///
    /// # Errors
    /// Where it cannot be looked at.
    pub fn id(&self) -> io::Result<DirectoryId> {
        let meta = File::from(self.directory.try_clone()?).metadata()?;
        Ok(DirectoryId { device: meta.dev(), inode: meta.ino() })
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory that holds a path. None where it is not there.
    fn open_parent(&self, path: &RelativePath) -> Result<Option<OwnedFd>, ProjectDirError> {
        let mut at = self.directory.try_clone()?;
        let Some(above) = path.path().parent() else { return Ok(Some(at)) };
        for name in above {
            at = match openat(&at, name, DIRECTORY_FLAGS, stat::Mode::empty()) {
                Ok(next) => next,
                Err(nix::Error::ENOENT) => return Ok(None),
                Err(nix::Error::ENOTDIR | nix::Error::ELOOP) => return Err(why_not_a_directory(&at, name)?.into()),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(Some(at))
    }

    /// What stands at a path; none where nothing does. A symbolic link is itself, never what it leads to.
    ///
    /// # Errors
    /// An obstacle, or what the system says.
    pub fn read_entry(&self, path: &RelativePath) -> Result<Option<ScannedEntry>, ProjectDirError> {
        let above = match self.open_parent(path) {
            Ok(Some(above)) => above,
            Ok(None) | Err(ProjectDirError::Path(PathError::NotADirectory)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let name = file_name(path);
        for _ in 0..MAX_READ_ATTEMPTS {
            let Some(status) = status_of(&above, name)? else { return Ok(None) };
            let stamp = ChangeStamp::from_status(&status);
            let (entry, content) = match status.st_mode & libc::S_IFMT {
                libc::S_IFDIR => (Entry::Directory { mode: Mode::from_status(status.st_mode) }, None),
                libc::S_IFLNK => (Entry::Link { target: utf8_name(&readlinkat(&above, name)?)? }, None),
                libc::S_IFREG => match read_file(&above, name)? {
                    Some((entry, content)) => (entry, Some(content)),
                    None => continue,
                },
                _ => return Err(PathError::UnsupportedType.into()),
            };
            if status_is(&above, name, stamp)? {
                return Ok(Some(ScannedEntry { entry, content, stamp }));
            }
        }
        Err(PathError::KeepsChanging.into())
    }

    /// The names in a directory.
    ///
    /// # Errors
    /// An obstacle, or what the system says.
    pub fn list_names(&self, path: &RelativePath) -> Result<Vec<String>, ProjectDirError> {
        let Some(above) = self.open_parent(path)? else { return Ok(Vec::new()) };
        let mut directory = Dir::from_fd(openat(&above, file_name(path), DIRECTORY_FLAGS, stat::Mode::empty())?)?;
        let mut names = Vec::new();
        for entry in directory.iter() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(utf8_name(OsStr::from_bytes(name))?);
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
        let mut directory = Dir::openat(&self.directory, ".", DIRECTORY_FLAGS, stat::Mode::empty())?;
        let mut found = directory
            .iter()
            .filter(|entry| entry.as_ref().map_or(true, |entry| !matches!(entry.file_name().to_bytes(), b"." | b"..")));
        Ok(found.next().is_none())
    }

    /// Makes a directory in one step. One that stands there is left as it is.
    ///
    /// # Errors
    /// An obstacle, or what the system says.
    pub fn make_directory(&self, path: &RelativePath, mode: Mode) -> Result<(), ProjectDirError> {
        let above = self.open_parent(path)?.ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
        let name = file_name(path);
        match status_of(&above, name)? {
            Some(found) if found.st_mode & libc::S_IFMT == libc::S_IFDIR => return Ok(()),
            Some(_) => return Err(PathError::ChangedMeanwhile.into()),
            None => {}
        }
        let temporary = temporary_name(path);
        remove_if_present(&above, &temporary)?;
        mkdirat(&above, temporary.as_str(), stat::Mode::S_IRWXU)?;
        let made = openat(&above, temporary.as_str(), DIRECTORY_FLAGS, stat::Mode::empty())
            .and_then(|directory| fchmod(&directory, to_permissions(mode)))
            .and_then(|()| renameat(&above, temporary.as_str(), &above, name));
        match made {
            Ok(()) => Ok(File::from(above).sync_all()?),
            Err(error) => {
                // The error that is told is the first one.
                let _ = remove_if_present(&above, &temporary);
                Err(error.into())
            }
        }
    }

    /// Gives a directory its permissions.
    ///
    /// # Errors
    /// An obstacle, or what the system says.
    pub fn set_mode(&self, path: &RelativePath, mode: Mode) -> Result<(), ProjectDirError> {
        let above = self.open_parent(path)?.ok_or(PathError::ChangedMeanwhile)?;
        let directory = openat(&above, file_name(path), DIRECTORY_FLAGS, stat::Mode::empty())?;
        fchmod(&directory, to_permissions(mode))?;
        Ok(File::from(directory).sync_all()?)
    }

    /// Puts a file or a link in place in one step, durably, where `expected` still stands.
    ///
    /// # Errors
    /// An obstacle, or what the system says: then what stood there stands there still.
    pub fn write_entry(
        &self,
        path: &RelativePath,
        entry: &Entry,
        content: &[u8],
        expected: Option<ChangeStamp>,
    ) -> Result<(), ProjectDirError> {
        let above = self.open_parent(path)?.ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
        let name = file_name(path);
        let temporary = temporary_name(path);
        remove_if_present(&above, &temporary)?;
        let written = write_new(&above, &temporary, entry, content).and_then(|()| {
            let unchanged = status_of(&above, name)?.map(|status| ChangeStamp::from_status(&status)) == expected;
            if !unchanged {
                return Err(PathError::ChangedMeanwhile.into());
            }
            match expected {
                None => rename_no_replace(&above, &temporary, name),
                Some(_) => Ok(renameat(&above, temporary.as_str(), &above, name)?),
            }
        });
        match written {
            Ok(()) => Ok(File::from(above).sync_all()?),
            Err(error) => {
                // The error that is told is the first one.
                let _ = remove_if_present(&above, &temporary);
                Err(error)
            }
        }
    }

    /// Removes what stands at a path, if it is still what was seen.
    ///
    /// # Errors
    /// An obstacle, or what the system says.
    pub fn remove(&self, path: &RelativePath, found: &ScannedEntry) -> Result<(), ProjectDirError> {
        let Some(above) = self.open_parent(path)? else { return Ok(()) };
        let name = file_name(path);
        let is_directory = matches!(found.entry, Entry::Directory { .. });
        // A directory's mark changes as its files go.
        if !is_directory && !status_is(&above, name, found.stamp)? {
            return Err(PathError::ChangedMeanwhile.into());
        }
        let flag = if is_directory { UnlinkatFlags::RemoveDir } else { UnlinkatFlags::NoRemoveDir };
        match unlinkat(&above, name, flag) {
            Ok(()) => Ok(File::from(above).sync_all()?),
            Err(nix::Error::ENOENT) => Ok(()),
            Err(nix::Error::ENOTEMPTY | nix::Error::EEXIST) => Err(PathError::NotEmpty.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what a call that was cut off while it put a file in place left beside it.
    ///
    /// # Errors
    /// What the system says.
    pub fn clear_temporary(&self, path: &RelativePath) -> Result<(), ProjectDirError> {
        match self.open_parent(path) {
            Ok(Some(above)) => remove_if_present(&above, &temporary_name(path)),
            Ok(None) | Err(ProjectDirError::Path(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Gives a file a name that must be free: what came there meanwhile is left, and is an obstacle.
pub(super) fn rename_no_replace(above: &OwnedFd, from: &str, to: &OsStr) -> Result<(), ProjectDirError> {
    use nix::fcntl::{RenameFlags, renameat2};
    match renameat2(above, from, above, to, RenameFlags::RENAME_NOREPLACE) {
        Err(nix::Error::EEXIST) => Err(PathError::ChangedMeanwhile.into()),
        // A file system that cannot do it in one step.
        Err(nix::Error::EINVAL | nix::Error::ENOSYS) => rename_if_absent(above, from, to),
        renamed => Ok(renamed?),
    }
}

/// The same in two steps: what comes between them is replaced.
fn rename_if_absent(above: &OwnedFd, from: &str, to: &OsStr) -> Result<(), ProjectDirError> {
    if status_of(above, to)?.is_some() {
        return Err(PathError::ChangedMeanwhile.into());
    }
    Ok(renameat(above, from, above, to)?)
}

/// The name beside a path under which its new content is written: always the same, so that it can be found again.
fn temporary_name(path: &RelativePath) -> String {
    let digest = Digest::from_content(path.path().as_os_str().as_bytes());
    format!(".baton-{}.tmp", digest.as_str().get(..16).unwrap_or_default())
}

/// The last name of a path.
fn file_name(path: &RelativePath) -> &OsStr {
    path.path().file_name().unwrap_or_default()
}
