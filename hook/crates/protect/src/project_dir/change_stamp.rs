//! What shows that a file is still the same.

use nix::sys::stat::FileStat;

/// What of a file's status changes whenever the file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeStamp {
    inode: u64,
    size: i64,
    changed: (i64, i64),
}

impl ChangeStamp {
    /// The stamp of a file with this status.
    pub(super) fn from_status(status: &FileStat) -> Self {
        Self { inode: status.st_ino, size: status.st_size, changed: (status.st_ctime, status.st_ctime_nsec) }
    }

    /// When its content, its permissions or its name last changed: milliseconds since 1970, and nobody can set it back.
    #[must_use]
    pub fn changed_ms(&self) -> u64 {
        let ms = self.changed.0.saturating_mul(1000).saturating_add(self.changed.1 / 1_000_000);
        u64::try_from(ms).unwrap_or(0)
    }
}
