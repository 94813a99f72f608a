//! What a check of the state sees.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, Instant};

use agent_baton_core::decision::Location;
use agent_baton_core::request::Reading;
use nix::sys::statvfs::statvfs;

use crate::error::StoreError;
use crate::file;
use crate::lock::{self, LockError};
use crate::state_dir::network_fs;
use crate::store::Store;

/// How long a call that is at work may hold the lock before it counts as held for long.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// The state directory as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Events that wait in the inbox.
    pub inbox_events: usize,
    /// Files that were set aside because they could not be read or acted on.
    pub quarantined: usize,
    /// Whether a commit is in flight, or was cut off.
    pub wal_pending: bool,
    /// Whether the index is whole. One that is not is made anew by the next call that changes something.
    pub index_complete: bool,
    /// Whether the lock is held, and stays held.
    pub lock_held: bool,
    /// Whether machines may share the file system.
    pub on_network_filesystem: bool,
    /// Bytes that this account may still write.
    pub free_bytes: u64,
    /// Whether this process may write there.
    pub writable: bool,
}

impl Store {
    /// Looks at a state directory that exists. Writes nothing but takes the lock for a moment.
    ///
    /// # Errors
    ///
    /// Where it cannot be looked at.
    pub fn health(&self) -> Result<Health, StoreError> {
        let root = self.layout.root();
        let space = statvfs(root).map_err(|error| StoreError::io("look at", root)(error.into()))?;
        let at = self.layout.lock();
        let locked = file::exists(&at)?
            && matches!(lock::acquire(&at, Instant::now() + LOCK_TIMEOUT), Err(LockError::Busy { .. }));
        // The C library's types differ.
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

    /// Whether the state is of this version's format, or there is none yet.
    ///
    /// # Errors
    ///
    /// Where it is newer, or does not say.
    pub fn check_format(&self) -> Result<(), LockError> {
        crate::state_dir::format::read(&self.layout).map(drop)
    }

    /// What is wrong with each record that cannot be read.
    ///
    /// # Errors
    ///
    /// Where the state cannot be listed.
    pub fn unreadable_records(&self) -> Result<Vec<StoreError>, StoreError> {
        let mut wrong = Vec::new();
        for location in [Location::Live, Location::Archive] {
            for id in self.sessions(location)? {
                if self.read(|view| view.session(&id))? == Reading::Unreadable {
                    wrong.extend(self.read(|view| view.session_error(&id))?);
                }
            }
            for id in self.runs(location)? {
                if self.read(|view| view.run(&id))? == Reading::Unreadable {
                    wrong.extend(self.read(|view| view.run_error(&id))?);
                }
            }
        }
        Ok(wrong)
    }

    /// Takes from others what they may do in the state directory.
    ///
    /// # Errors
    ///
    /// Where it is another's.
    pub fn restrict_permissions(root: &std::path::Path) -> Result<(), StoreError> {
        let meta = fs::symlink_metadata(root).map_err(StoreError::io("look at", root))?;
        let mode = fs::Permissions::from_mode(meta.mode() & 0o700);
        fs::set_permissions(root, mode).map_err(StoreError::io("change the mode of", root))
    }
}
