//! Where a picture comes from.

use std::path::PathBuf;

use baton_store::{StateDirError, StoreError};
use baton_system::SystemError;

use crate::picture::Picture;

/// Reads pictures.
pub trait Source {
    /// Reads the present picture.
    ///
    /// # Errors
    /// Returns an error if the state cannot be read.
    fn read(&mut self) -> Result<Picture, SourceError>;

    /// Returns whether everything whose change may go unnoticed still is as it was last read: processes, transcripts, the
    /// logs of other programs, and the state, if its file system does not tell of changes. It reads no record.
    fn is_current(&mut self) -> bool;

    /// Has what comes from elsewhere read again in the background, if that is due. It is called every few seconds while somebody
    /// looks, and does not wait. What was read then is noticed as any other change.
    fn refresh(&mut self) {}

    /// Returns the directories whose files tell of a change. They may not exist.
    fn directories(&self) -> Vec<PathBuf>;

    /// Returns files in other directories whose changes count, too. They may not exist.
    fn files(&self) -> Vec<PathBuf>;
}

/// Why the state could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The host cannot be identified.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The state directory must not be used.
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    /// A file of the state cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}
