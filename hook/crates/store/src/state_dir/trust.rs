//! Checks the owner and mode of every directory on the path to the state directory, and whether the path is inside a
//! worktree.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use baton_fs::owner::{ForeignDirectory, foreign_parent};
use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};

use crate::state_dir::error::StateDirError;

fn stat(path: &Path) -> Result<Option<Metadata>, StateDirError> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(Some(meta)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateDirError::Io { path: path.to_owned(), source }),
    }
}

/// The identity of a directory, independent of its name: device and inode.
type DirectoryId = (u64, u64);

fn identity(meta: &Metadata) -> DirectoryId {
    (meta.dev(), meta.ino())
}

/// The existing part of a path.
#[derive(Default)]
pub(crate) struct PathChain {
    /// Its directories, from the root.
    parts: Vec<DirectoryId>,
    /// Whether it contains a symlink.
    linked: bool,
}

/// Checks every existing component of a path, from the root.
pub(crate) fn check_path(path: &Path) -> Result<PathChain, StateDirError> {
    let mut chain = PathChain::default();
    let mut above: Option<Metadata> = None;
    let mut parts: Vec<&Path> = path.ancestors().collect();
    parts.reverse();
    for part in parts {
        let mut meta = match (stat(part), &above) {
            (Ok(Some(meta)), _) => meta,
            (Ok(None), above) => {
                check_creatable(path, part, above.as_ref())?;
                return Ok(chain);
            }
            (Err(StateDirError::Io { source, .. }), Some(above)) if source.kind() == ErrorKind::PermissionDenied => {
                return Err(out_of_reach(path, part, above));
            }
            (Err(error), _) => return Err(error),
        };
        if meta.is_symlink() {
            let by_root =
                meta.uid() == 0 && above.as_ref().is_some_and(|dir| dir.uid() == 0 && dir.mode() & 0o022 == 0);
            if part == path || !by_root || is_below_home_of_root(part) {
                return Err(StateDirError::Symlink { path: path.to_owned(), link: part.to_owned() });
            }
            meta = fs::metadata(part).map_err(|source| StateDirError::Io { path: part.to_owned(), source })?;
            chain.linked = true;
        }
        chain.parts.push(identity(&meta));
        if part == path {
            check_dir(path, &meta)?;
        }
        above = Some(meta);
    }
    Ok(chain)
}

/// For root, "created by root" proves nothing, so only a symlink directly below `/` counts as the system's.
fn is_below_home_of_root(link: &Path) -> bool {
    nix::unistd::geteuid().is_root() && link.parent() != Some(Path::new("/"))
}

/// Checks that a missing directory may be created: `part` is the first part of `path` that is missing, `above` the directory in which
/// it is.
fn check_creatable(path: &Path, part: &Path, above: Option<&Metadata>) -> Result<(), StateDirError> {
    if let Some(ForeignDirectory { path: dir, owner }) = foreign_parent(part) {
        let ours = nix::unistd::geteuid().as_raw();
        return Err(StateDirError::ForeignParent { path: path.to_owned(), dir, owner, ours });
    }
    let writable = part.parent().is_none_or(|dir| !matches!(access(dir, AccessFlags::W_OK), Err(Errno::EACCES)));
    match above {
        Some(above) if !writable => Err(out_of_reach(path, part, above)),
        _ => Ok(()),
    }
}

fn out_of_reach(path: &Path, part: &Path, above: &Metadata) -> StateDirError {
    StateDirError::OutOfReach {
        path: path.to_owned(),
        dir: part.parent().unwrap_or(part).to_owned(),
        owner: above.uid(),
        ours: nix::unistd::geteuid().as_raw(),
    }
}

fn check_dir(path: &Path, meta: &Metadata) -> Result<(), StateDirError> {
    let ours = nix::unistd::geteuid().as_raw();
    let path = path.to_owned();
    if !meta.is_dir() {
        return Err(StateDirError::NotDirectory { path });
    }
    if meta.uid() != ours {
        let owner = meta.uid();
        return Err(StateDirError::Owner { path, owner, ours });
    }
    if meta.mode() & 0o077 != 0 {
        let mode = meta.mode() & 0o777;
        return Err(StateDirError::Mode { path, mode });
    }
    Ok(())
}

/// Refuses a path in a worktree or in the event's directory. It checks the path as given and with its symlinks
/// resolved.
///
/// # Errors
/// Returns an error that names the directory.
pub fn check_outside_worktree(path: &Path, event_dir: Option<&Path>) -> Result<(), StateDirError> {
    let real = resolve_symlinks(path);
    let mut parts: Vec<DirectoryId> = Vec::new();
    for dir in real.ancestors() {
        if let Some(meta) = stat(dir)? {
            parts.push(identity(&meta));
        }
    }
    parts.reverse();
    check_chain_outside(path, &real, &parts, event_dir)
}

impl PathChain {
    /// Like the function of the same name, for a path whose directories were already checked.
    pub(crate) fn check_outside_worktree(&self, path: &Path, event_dir: Option<&Path>) -> Result<(), StateDirError> {
        if self.linked {
            return check_outside_worktree(path, event_dir);
        }
        check_chain_outside(path, path, &self.parts, event_dir)
    }
}

fn check_chain_outside(
    path: &Path,
    real: &Path,
    parts: &[DirectoryId],
    event_dir: Option<&Path>,
) -> Result<(), StateDirError> {
    if let Some(dir) = event_dir.filter(|dir| !dir.as_os_str().is_empty() && *dir != Path::new("/")) {
        // Directories are compared by identity, so a symlink or a bind mount cannot hide that the path is inside one.
        // An agent that was started in `/` does not work in a project directory.
        let below_root = parts.get(1..).unwrap_or_default();
        let leads_into = fs::metadata(dir).is_ok_and(|meta| below_root.contains(&identity(&meta)));
        if leads_into || path.starts_with(dir) || real.starts_with(dir) {
            return Err(StateDirError::InEventDirectory { path: path.to_owned(), dir: dir.to_owned() });
        }
    }
    let mut above: Vec<&Path> = path.ancestors().collect();
    if real != path {
        above.extend(real.ancestors());
    }
    for dir in above {
        // A path to a file has no last directory.
        if !dir.is_file() && stat(&dir.join(".git"))?.is_some() {
            return Err(StateDirError::InWorktree { path: path.to_owned(), worktree: dir.to_owned() });
        }
    }
    Ok(())
}

/// Resolves the symlinks in the existing part of a path.
fn resolve_symlinks(path: &Path) -> PathBuf {
    path.ancestors()
        .find_map(|above| {
            let rest = path.strip_prefix(above).ok()?;
            Some(fs::canonicalize(above).ok()?.join(rest))
        })
        .unwrap_or_else(|| path.to_owned())
}
