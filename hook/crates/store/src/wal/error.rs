//! Errors of a commit.

use crate::decision_check::InvalidDecision;
use crate::error::StoreError;

/// Why a decision was not committed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum CommitError {
    /// The decision is based on another revision than the current one. Read the records and decide again.
    #[error("{id} changed in the meantime (from revision {decided:?} to {found:?}); nothing was changed")]
    Moved { id: String, decided: Option<u64>, found: Option<u64> },
    /// The record would exceed the maximum size.
    #[error("{id} would grow to {bytes} bytes, more than a record may have; nothing was changed")]
    TooLarge { id: String, bytes: usize },
    /// The commit was interrupted, and the next call may still complete it.
    #[error("the commit was interrupted: the next call of baton completes it or quarantines it as a whole")]
    InDoubt { source: StoreError },
    /// A file could not be used. Nothing has changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The decision is not valid.
    #[error("the decision is not valid, so nothing was changed")]
    Refused(#[from] InvalidDecision),
}
