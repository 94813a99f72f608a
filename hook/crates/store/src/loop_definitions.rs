//! The definitions of loops, each in a file of its own beside the records. Their content never appears in a record or
//! in the audit.

use std::fs::File;
use std::time::Instant;

use agent_baton_core::id::RunId;

use crate::error::StoreError;
use crate::file;
use crate::lock::{self, LockError};
use crate::store::Store;

/// The maximum size of a definition, in bytes.
const MAX_TEXTS: u64 = 64 * 1024;

impl Store {
    /// Writes the definition of a loop that is about to start. Nothing reads it until a record contains its digest.
    ///
    /// # Errors
    ///
    /// Returns an error if the file exists or cannot be written, or if the state directory has a newer format.
    pub fn write_loop_definition(&self, run: &RunId, bytes: &[u8]) -> Result<(), LockError> {
        self.check_format()?;
        let path = self.layout.loop_definition(run);
        file::check_size(&path, bytes, MAX_TEXTS)?;
        file::make_dir(&self.layout.loops())?;
        file::write_synced(&path, bytes)?;
        Ok(file::sync_dir(&self.layout.loops())?)
    }

    /// Returns the definition of a loop, or `None` if there is no such file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub fn read_loop_definition(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        file::read(&self.layout.loop_definition(run), MAX_TEXTS)
    }

    /// Removes the definition of a loop that has ended.
    pub fn remove_loop_definition(&self, run: &RunId) {
        for path in [self.layout.loop_definition(run), self.layout.loop_lock(run)] {
            // A remaining file belongs to a run that has ended, so nothing reads it.
            let _ = file::remove(&path);
        }
    }

    /// Acquires the lock of one loop. Several deliveries of one Stop must not run the loop's command at the same time.
    ///
    /// # Errors
    ///
    /// Returns [`LockError::Busy`] if another call holds the lock until the deadline.
    pub fn lock_loop(&self, run: &RunId, deadline: Instant) -> Result<File, LockError> {
        lock::acquire(&self.layout.loop_lock(run), deadline)
    }
}
