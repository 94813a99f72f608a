//! Checks the health of the state directory.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, Instant};

use nix::sys::statvfs::statvfs;

use crate::error::StoreError;
use crate::file;
use crate::lock::{self, LockError};
use crate::state_dir::network_fs;
use crate::store::Store;

/// How long a running call may hold the lock before the lock counts as stuck.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// The state of the state directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The number of events in the inbox.
    pub inbox_events: usize,
    /// The number of files in quarantine.
    pub quarantined: usize,
    /// Whether a commit is in flight or was interrupted.
    pub wal_pending: bool,
    /// Whether the index is complete. Otherwise the next call that changes something rebuilds it.
    pub index_complete: bool,
    /// Whether the lock stays held.
    pub lock_held: bool,
    /// Whether several machines may share the file system.
    pub on_network_filesystem: bool,
    /// The number of bytes that this account may still write.
    pub free_bytes: u64,
    /// Whether this process may write to the directory.
    pub writable: bool,
}

impl Store {
    /// Checks a state directory that exists. It writes nothing, but takes the lock for a short time.
    ///
    /// # Errors
    ///
    /// Returns an error if the directory cannot be accessed.
    pub fn health(&self) -> Result<Health, StoreError> {
        let root = self.layout.root();
        let space = statvfs(root).map_err(|error| StoreError::io("inspect", root)(error.into()))?;
        let at = self.layout.lock();
        let locked = file::exists(&at)?
            && matches!(lock::acquire(&at, Instant::now() + LOCK_TIMEOUT), Err(LockError::Busy { .. }));
        // The types differ between C libraries.
        #[allow(clippy::unnecessary_cast)]
        let free = space.blocks_available() as u64 * space.fragment_size() as u64;
        Ok(Health {
            inbox_events: file::list_names(&self.layout.inbox())?.len(),
            quarantined: file::list_names(&self.layout.quarantine_dir())?.len(),
            wal_pending: file::exists(&self.layout.wal())?,
            index_complete: file::exists(&self.layout.index_complete())? || !file::exists(&self.layout.format())?,
            lock_held: locked,
            on_network_filesystem: network_fs::is_shared(root),
            free_bytes: free,
            writable: nix::unistd::access(root, nix::unistd::AccessFlags::W_OK).is_ok(),
        })
    }

    /// Returns `Ok` if the state has this version's format or does not exist yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the format is newer or unreadable.
    pub fn check_format(&self) -> Result<(), LockError> {
        crate::state_dir::format::read(&self.layout).map(drop)
    }

    /// Removes other users' access to the state directory.
    ///
    /// # Errors
    ///
    /// Returns an error if the directory belongs to another user.
    pub fn restrict_permissions(root: &std::path::Path) -> Result<(), StoreError> {
        let meta = fs::symlink_metadata(root).map_err(StoreError::io("inspect", root))?;
        let mode = fs::Permissions::from_mode(meta.mode() & 0o700);
        fs::set_permissions(root, mode).map_err(StoreError::io("change the mode of", root))
    }
}
