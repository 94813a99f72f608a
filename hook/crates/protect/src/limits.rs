//! How much is copied: the agent waits, and the lock is held.

use std::time::Duration;

/// The most files, directories and links of one project.
pub const MAX_ENTRIES: usize = 512;

/// The largest file, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// The most bytes of one project.
pub const MAX_TOTAL_BYTES: u64 = 16 * 1024 * 1024;

/// How deep a protected directory is looked into.
pub const MAX_DEPTH: usize = 16;

/// How long the files are read for at one event. The hook, which may have waited for the lock and acted on another event before, ends
/// after two seconds whatever it does.
pub const SCAN_TIMEOUT: Duration = Duration::from_millis(450);

/// The backups that are kept for each project, the newest.
pub const KEEP_BACKUPS: usize = 3;

/// The history entries that are kept for each project, the newest.
pub const KEEP_HISTORY: usize = 50;

/// The largest backup or history entry that is read: its contents twice, with the tar file's own blocks.
pub const MAX_ARCHIVE_BYTES: u64 = 3 * MAX_TOTAL_BYTES;
