//! The identity of a directory, which stays when the directory is renamed.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The identity of a directory. If both device and inode differ, the path leads to another directory, for example
/// because a disk is not mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryId {
    /// Its device.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
}

impl DirectoryId {
    /// Returns the identity of the directory at a path.
    ///
    /// # Errors
    /// Returns an error if nothing is there, if it cannot be looked at, or if it is no directory.
    pub fn from_path(path: &Path) -> io::Result<Self> {
        let meta = std::fs::metadata(path)?;
        if meta.is_dir() { Ok(Self::from_metadata(&meta)) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    /// Returns the identity of the directory with this metadata.
    #[must_use]
    pub fn from_metadata(meta: &Metadata) -> Self {
        Self { device: meta.dev(), inode: meta.ino() }
    }

    /// Returns whether both may be the same directory. The device number can change when a disk is mounted again, and
    /// some file systems give their inodes new numbers. If both differ, it is another directory.
    #[must_use]
    pub const fn may_be_same_as(self, other: Self) -> bool {
        self.device == other.device || self.inode == other.inode
    }
}
