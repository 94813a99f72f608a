//! A file that does not belong to baton. It is read completely, and replaced completely or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use baton_fs::hash::sha256_hex;
use baton_fs::owner::{ForeignDirectory, foreign_parent};

use super::error::InstallError;

/// The mode of a new file. It is private because settings may hold keys.
const NEW_MODE: u32 = 0o600;

/// The byte order mark, which some editors put before UTF-8.
const BOM: &str = "\u{feff}";

/// A file with the content that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// The path as it was given.
    pub path: PathBuf,
    /// The real path: the same, or the target of the symlink.
    pub real: PathBuf,
    /// The content. `None` if the file did not exist.
    pub text: Option<String>,
    mode: u32,
}

impl ConfigFile {
    /// Reads a file as the agent does, whoever owns it and whatever links lead to it. `None` if it does not exist.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or is not UTF-8.
    pub fn read_text(path: &Path) -> Result<Option<String>, InstallError> {
        match fs::read(path) {
            Ok(bytes) => {
                String::from_utf8(bytes).map(Some).map_err(|_| InstallError::NotText { path: path.to_owned() })
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(InstallError::io("read", path)(error)),
        }
    }

    /// Reads a file. Follows one symlink.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, is not UTF-8, belongs to another user, or if the symlink leads to
    /// another symlink.
    pub fn read(path: &Path) -> Result<Self, InstallError> {
        let real = resolve_link(path)?;
        let meta = match fs::symlink_metadata(&real) {
            Ok(meta) => meta,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                check_owner_above(&real)?;
                return Ok(Self { path: path.to_owned(), real, text: None, mode: NEW_MODE });
            }
            Err(error) => return Err(InstallError::io("inspect", &real)(error)),
        };
        if !meta.is_file() {
            return Err(InstallError::NotFile { path: real });
        }
        let ours = nix::unistd::geteuid().as_raw();
        if meta.uid() != ours {
            return Err(InstallError::Owner { path: real, owner: meta.uid(), ours });
        }
        let bytes = fs::read(&real).map_err(InstallError::io("read", &real))?;
        let text = String::from_utf8(bytes).map_err(|_| InstallError::NotText { path: real.clone() })?;
        Ok(Self { path: path.to_owned(), real, text: Some(text), mode: meta.mode() & 0o7777 })
    }

    /// Returns the content, which is empty if the file did not exist.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Returns the target of the symlink, if the path is one.
    #[must_use]
    pub fn link_target(&self) -> Option<&Path> {
        (self.real != self.path).then_some(&self.real)
    }

    /// Replaces the content that was read, atomically.
    ///
    /// # Errors
    /// Returns an error if another program has written the file meanwhile, or if the system refuses. The file is
    /// unchanged then.
    pub fn replace(&self, text: &str) -> Result<(), InstallError> {
        self.check_unchanged()?;
        write_atomically(&self.real, text.as_bytes(), self.mode)
    }

    /// Removes the file.
    ///
    /// # Errors
    /// See [`Self::replace`].
    pub fn remove(&self) -> Result<(), InstallError> {
        self.check_unchanged()?;
        fs::remove_file(&self.real).map_err(InstallError::io("remove", &self.real))
    }

    /// Returns the path of a backup beside the file, named after the time. Returns `None` if the file did not exist.
    #[must_use]
    pub fn backup_path(&self, stamp: &str) -> Option<PathBuf> {
        self.text.as_ref()?;
        let mut name = self.real.file_name().unwrap_or_default().to_owned();
        name.push(format!(".before-baton-{stamp}"));
        Some(self.real.with_file_name(name))
    }

    /// Writes a backup of what was read.
    ///
    /// # Errors
    /// Returns an error if the system refuses.
    pub fn back_up(&self, path: &Path) -> Result<(), InstallError> {
        write_atomically(path, self.text().as_bytes(), self.mode)
    }

    /// Checks that nobody wrote the file since it was read: overwriting it would lose that change.
    fn check_unchanged(&self) -> Result<(), InstallError> {
        let now = Self::read(&self.path)?;
        if now == *self { Ok(()) } else { Err(InstallError::Changed { path: self.path.clone() }) }
    }
}

fn resolve_link(path: &Path) -> Result<PathBuf, InstallError> {
    let leads = |path: &Path| match fs::read_link(path) {
        Ok(target) => Ok(Some(path.parent().unwrap_or(Path::new("/")).join(target))),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => Ok(None),
        Err(error) => Err(InstallError::io("inspect", path)(error)),
    };
    let Some(target) = leads(path)? else { return Ok(path.to_owned()) };
    match leads(&target)? {
        Some(_) => Err(InstallError::LinkToLink { path: path.to_owned(), target }),
        None => Ok(target),
    }
}

/// Writes a file atomically: writes a temporary file beside it, syncs it, and renames it. The temporary name is
/// always the same, so that the next call overwrites what a crash left. The lock of the receipt keeps two calls
/// apart.
///
/// # Errors
/// Returns an error if the system refuses. The file is unchanged then.
pub fn write_atomically(path: &Path, bytes: &[u8], mode: u32) -> Result<(), InstallError> {
    check_owner_above(path)?;
    let beside = temporary_path(path);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(InstallError::io("write", path)(error)),
        _ => {}
    }
    let done = write_temporary(&beside, bytes, mode).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = done {
        let _ = fs::remove_file(&beside);
        return Err(InstallError::io("write", path)(error));
    }
    // The rename has happened. If the directory cannot be synced, only a power failure can undo it, and then the
    // complete old file returns.
    if let Some(dir) = path.parent() {
        let _ = File::open(dir).and_then(|dir| dir.sync_all());
    }
    Ok(())
}

fn write_temporary(beside: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode & 0o700).open(beside)?;
    file.write_all(bytes)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

/// Returns the path of the temporary file.
#[must_use]
pub fn temporary_path(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".baton-new");
    path.with_file_name(name)
}

/// Refuses to create a file as root in a user's directory. Where another account may create files, the owner has opened the directory
/// to it.
pub(crate) fn check_owner_above(path: &Path) -> Result<(), InstallError> {
    match foreign_parent(path) {
        Some(ForeignDirectory { path: dir, owner }) if nix::unistd::geteuid().is_root() => {
            Err(InstallError::ForeignDirectory { path: path.to_owned(), dir, owner })
        }
        _ => Ok(()),
    }
}

/// Makes a directory and those above it. Gives those that were not there, the outermost first.
///
/// # Errors
/// Returns an error if the system refuses.
pub fn make_dirs(dir: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let missing: Vec<PathBuf> = dir.ancestors().take_while(|above| !above.exists()).map(Path::to_owned).collect();
    let missing: Vec<PathBuf> = missing.into_iter().rev().collect();
    for dir in &missing {
        check_owner_above(dir)?;
        match fs::create_dir(dir) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(InstallError::io("make", dir)(error)),
            _ => {}
        }
    }
    Ok(missing)
}

/// Splits a text into its byte order mark, which may be empty, and the rest.
#[must_use]
pub fn split_bom(text: &str) -> (&str, &str) {
    text.split_at(if text.starts_with(BOM) { BOM.len() } else { 0 })
}

/// Returns the SHA-256 of a text, in hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    sha256_hex(bytes, 32)
}
