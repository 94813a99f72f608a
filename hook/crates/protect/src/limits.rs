//! Limits for copying files: the agent waits, and the lock is held meanwhile.

use std::time::Duration;

/// The maximum number of files, directories and links in one project.
pub const MAX_ENTRIES: usize = 512;

/// The maximum size of a file, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// The maximum total size of one project's files, in bytes.
pub const MAX_TOTAL_BYTES: u64 = 16 * 1024 * 1024;

/// The maximum depth of a protected directory.
pub const MAX_DEPTH: usize = 16;

/// How long one event may spend on reading files. The hook always ends after two seconds, and may already have waited
/// for the lock and handled another event.
pub const SCAN_TIMEOUT: Duration = Duration::from_millis(450);

/// How many backups are kept for each project, the newest first.
pub const KEEP_BACKUPS: usize = 3;

/// How many history entries are kept for each project, the newest first.
pub const KEEP_HISTORY: usize = 50;

/// The maximum size of a backup or history entry, in bytes: the contents twice, and the tar file's own blocks.
pub const MAX_ARCHIVE_BYTES: u64 = 3 * MAX_TOTAL_BYTES;
