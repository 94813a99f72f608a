//! The texts of loops: a file for each, beside the records. What is in it never comes into a record or the audit.

use std::fs::File;
use std::time::Instant;

use agent_baton_core::id::RunId;

use crate::error::StoreError;
use crate::file;
use crate::lock::{self, LockError};
use crate::store::Store;

/// The largest file, in bytes.
const MAX_TEXTS: u64 = 64 * 1024;

impl Store {
    /// Writes the texts of a loop that is about to start. Nothing reads them until a record names their digest.
    ///
    /// # Errors
    ///
    /// Where they cannot be written, or stand there already; or the state is of a newer format.
    pub fn write_loop_definition(&self, run: &RunId, bytes: &[u8]) -> Result<(), LockError> {
        self.check_format()?;
        let path = self.layout.read_loop_definition(run);
        if bytes.len() as u64 > MAX_TEXTS {
            let limit = usize::try_from(MAX_TEXTS).unwrap_or_default();
            return Err(StoreError::TooLong { path, bytes: bytes.len(), limit }.into());
        }
        file::make_dir(&self.layout.loops())?;
        file::write_synced(&path, bytes)?;
        Ok(file::sync_dir(&self.layout.loops())?)
    }

    /// The texts of a loop; none where there is no such file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn read_loop_definition(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        file::read(&self.layout.read_loop_definition(run), MAX_TEXTS)
    }

    /// Removes the texts of a loop that is over.
    pub fn remove_loop_definition(&self, run: &RunId) {
        for path in [self.layout.read_loop_definition(run), self.layout.lock_loop(run)] {
            // What stays behind is of a run that is over: nothing reads it.
            let _ = file::remove(&path);
        }
    }

    /// Takes the turn to look at a loop: where its command is run, several deliveries of one Stop must not run it side by side.
    ///
    /// # Errors
    ///
    /// [`LockError::Busy`] where another has it until the deadline.
    pub fn lock_loop(&self, run: &RunId, deadline: Instant) -> Result<File, LockError> {
        lock::acquire(&self.layout.lock_loop(run), deadline)
    }
}
