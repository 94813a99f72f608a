//! Why a decision was not committed.

use crate::decision_check::InvalidDecision;
use crate::error::StoreError;

/// A decision was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The decision was taken on another revision than the one under the lock: read and decide again.
    #[error("{id} was decided on at revision {decided:?} and is at {found:?}; nothing was changed")]
    Moved {
        /// The record.
        id: String,
        /// The revision it was decided on.
        decided: Option<u64>,
        /// The revision that stands.
        found: Option<u64>,
    },
    /// The record would become larger than any reader takes.
    #[error("{id} would grow to {bytes} bytes, more than a record may have; nothing was changed")]
    TooLarge {
        /// The record.
        id: String,
        /// Its size in bytes.
        bytes: usize,
    },
    /// The commit failed so that it may yet be redone by the next call, whole.
    #[error("the commit was cut off: the next call of baton ends it or sets it aside, whole. {source}")]
    InDoubt {
        /// What failed.
        source: StoreError,
    },
    /// A file could not be used. The old state is whole.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was to be written was not what may be written.
    #[error("{0}. Nothing was changed; this is a fault of baton")]
    Refused(#[from] InvalidDecision),
}
