//! Why a session could not be handed over or picked up.

use agent_baton_core::id::{RunId, SessionId};
use baton_engine::decide::DecisionError;
use baton_store::{LockError, StoreError};

use crate::error::FleetError;

/// Why a session could not be handed over or picked up.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum HandoffError {
    /// The database was of no use.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// A file of the state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state's lock was not available.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A copy could not be brought in line.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// A run of the session is another machine's.
    #[error("run {run} of the session belongs to the machine {machine}, so that machine hands the session over")]
    OwnedElsewhere { run: RunId, machine: String },
    /// Another machine has it.
    #[error("session {session} was picked up by the machine {machine}")]
    PickedUp { session: SessionId, machine: String },
    /// It is not there any more, or for another machine.
    #[error("session {session} is no longer handed over to this machine")]
    NotOffered { session: SessionId },
    /// This machine did not hand it over.
    #[error("session {session} was not handed over by this machine")]
    NotHandedOver { session: SessionId },
    /// The archive has too many parts.
    #[error("the session's archive has {bytes} bytes, and at most {limit} are stored")]
    TooLarge { bytes: usize, limit: usize },
    /// The parts are not those that were stored.
    #[error("what the database has of session {session} is not what was handed over: {problem}")]
    Damaged { session: SessionId, problem: &'static str },
    /// Another call found the marker of this one, and withdrew its commit.
    #[error("an event of the session came in between, so nothing was handed over")]
    Withdrawn,
    /// Nobody knows yet whether it was committed.
    #[error("nobody knows yet whether the fleet's database has taken it, because its answer was lost")]
    Unknown(#[source] FleetError),
}

impl From<getrandom::Error> for HandoffError {
    fn from(error: getrandom::Error) -> Self {
        Self::Fleet(error.into())
    }
}
