//! The project's directory. It is opened once. Every file in it is reached from there, one path component at a time
//! and never through a symbolic link. So a link that someone plants in the project cannot lead baton elsewhere.

mod change_stamp;
mod error;
mod file_at;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
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
use baton_engine::config::RelativePath;
use baton_engine::directory_id::DirectoryId;

const DIRECTORY_FLAGS: OFlag =
    OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// How often a file is read if it changes while it is read.
const MAX_READ_ATTEMPTS: u32 = 3;

/// An opened project.
#[derive(Debug)]
pub struct ProjectDir {
    directory: OwnedFd,
    path: PathBuf,
}

/// What exists at a path, with its content and the stamp that shows whether it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedEntry {
    /// What it is.
    pub entry: Entry,
    /// A file's content.
    pub content: Option<Vec<u8>>,
    /// Changes whenever the file changes.
    pub stamp: ChangeStamp,
}

impl ProjectDir {
    /// Opens a project.
    ///
    /// # Errors
    /// Returns an error if the path does not exist or is not a directory.
    pub fn open(path: &Path) -> io::Result<Self> {
        let directory = nix::fcntl::open(path, DIRECTORY_FLAGS, stat::Mode::empty())?;
        Ok(Self { directory, path: path.to_owned() })
    }

    /// Returns the device and inode of the directory.
    ///
    /// # Errors
    /// Returns an error if they cannot be read.
    pub fn id(&self) -> io::Result<DirectoryId> {
        File::from(self.directory.try_clone()?).metadata().map(|meta| DirectoryId::from_metadata(&meta))
    }

    /// Returns the path of the project.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the directory that contains a path. Returns `None` if it does not exist.
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

    /// Reads what exists at a path, or returns `None` if nothing does. A symbolic link is read as a link.
    ///
    /// # Errors
    /// See [`ProjectDirError`].
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

    /// Lists the names in a directory.
    ///
    /// # Errors
    /// See [`ProjectDirError`].
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

    /// Returns whether the project's directory is empty, as an unmounted mount point is.
    ///
    /// # Errors
    /// Returns an error if it cannot be listed.
    pub fn is_empty(&self) -> io::Result<bool> {
        let mut directory = Dir::openat(&self.directory, ".", DIRECTORY_FLAGS, stat::Mode::empty())?;
        let mut found = directory
            .iter()
            .filter(|entry| entry.as_ref().map_or(true, |entry| !matches!(entry.file_name().to_bytes(), b"." | b"..")));
        Ok(found.next().is_none())
    }

    /// Creates a directory atomically. Leaves an existing one unchanged.
    ///
    /// # Errors
    /// See [`ProjectDirError`].
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
                // Report the first error, not this one.
                let _ = remove_if_present(&above, &temporary);
                Err(error.into())
            }
        }
    }

    /// Sets the permissions of a directory.
    ///
    /// # Errors
    /// See [`ProjectDirError`].
    pub fn set_mode(&self, path: &RelativePath, mode: Mode) -> Result<(), ProjectDirError> {
        let above = self.open_parent(path)?.ok_or(PathError::ChangedMeanwhile)?;
        let directory = openat(&above, file_name(path), DIRECTORY_FLAGS, stat::Mode::empty())?;
        fchmod(&directory, to_permissions(mode))?;
        Ok(File::from(directory).sync_all()?)
    }

    /// Puts a file or a link in place atomically and durably, if the path still holds `expected`.
    ///
    /// # Errors
    /// See [`ProjectDirError`]. What existed at the path is unchanged then.
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
                // Report the first error, not this one.
                let _ = remove_if_present(&above, &temporary);
                Err(error)
            }
        }
    }

    /// Removes what exists at a path, if it is still what the scan found.
    ///
    /// # Errors
    /// See [`ProjectDirError`].
    pub fn remove(&self, path: &RelativePath, found: &ScannedEntry) -> Result<(), ProjectDirError> {
        let Some(above) = self.open_parent(path)? else { return Ok(()) };
        let name = file_name(path);
        let is_directory = matches!(found.entry, Entry::Directory { .. });
        // Removing the files of a directory has changed its stamp.
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

    /// Removes the temporary file that an interrupted call may have left beside a path.
    ///
    /// # Errors
    /// Returns an error if the system refuses it.
    pub fn clear_temporary(&self, path: &RelativePath) -> Result<(), ProjectDirError> {
        match self.open_parent(path) {
            Ok(Some(above)) => remove_if_present(&above, &temporary_name(path)),
            Ok(None) | Err(ProjectDirError::Path(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Renames a file to a name that must be free. If something exists there by now, leaves it alone and returns an
/// error.
pub(super) fn rename_no_replace(above: &OwnedFd, from: &str, to: &OsStr) -> Result<(), ProjectDirError> {
    use nix::fcntl::{RenameFlags, renameat2};
    match renameat2(above, from, above, to, RenameFlags::RENAME_NOREPLACE) {
        Err(nix::Error::EEXIST) => Err(PathError::ChangedMeanwhile.into()),
        // The file system does not support the atomic operation.
        Err(nix::Error::EINVAL | nix::Error::ENOSYS) => rename_if_absent(above, from, to),
        renamed => Ok(renamed?),
    }
}

/// Does the same in two steps. A file that appears between them is replaced.
fn rename_if_absent(above: &OwnedFd, from: &str, to: &OsStr) -> Result<(), ProjectDirError> {
    if status_of(above, to)?.is_some() {
        return Err(PathError::ChangedMeanwhile.into());
    }
    Ok(renameat(above, from, above, to)?)
}

/// Returns the name of the temporary file beside a path. It is always the same, so that a later call finds the file.
fn temporary_name(path: &RelativePath) -> String {
    let digest = Digest::of(path.path().as_os_str().as_bytes());
    format!(".baton-{}.tmp", digest.as_str().get(..16).unwrap_or_default())
}

/// Returns the last component of a path.
fn file_name(path: &RelativePath) -> &OsStr {
    path.path().file_name().unwrap_or_default()
}
