//! Detects whether a file has changed.

use nix::sys::stat::FileStat;

/// The parts of a file's status that change whenever the file changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeStamp {
    inode: u64,
    size: i64,
    changed: (i64, i64),
}

impl ChangeStamp {
    /// Takes the stamp from a file's status.
    pub(super) fn from_status(status: &FileStat) -> Self {
        Self { inode: status.st_ino, size: status.st_size, changed: (status.st_ctime, status.st_ctime_nsec) }
    }

    /// Returns when the content, the permissions or the name last changed, in milliseconds since 1970. A program
    /// cannot set this time back.
    #[must_use]
    pub fn changed_ms(&self) -> u64 {
        let ms = self.changed.0.saturating_mul(1000).saturating_add(self.changed.1 / 1_000_000);
        u64::try_from(ms).unwrap_or(0)
    }
}
