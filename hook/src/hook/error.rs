//! Why an event was not handled.

use std::io;

use agent_baton_core::agent::Agent;
use baton_agents::PayloadError;
use baton_agents::raw_event::RawEventError;
use baton_core_host::CoreError;
use baton_engine::decide::DecisionError;
use baton_engine::retention::SweepError;
use baton_store::{LockError, StateDirError, StoreError};
use baton_system::SystemError;

use crate::hint::{Advice, Hint};

/// Why an event was not handled.
#[derive(Debug, thiserror::Error)]
pub(super) enum HookError {
    #[error(transparent)]
    RawEvent(#[from] RawEventError),
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error("{0} has no notify program: its hooks write an event to stdin")]
    NoNotification(Agent),
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("the core failed")]
    Core(#[from] CoreError),
    #[error(transparent)]
    Decision(#[from] DecisionError),
    #[error(transparent)]
    Maintenance(#[from] SweepError),
    #[error("cannot write the reply")]
    Reply(#[source] io::Error),
}

impl Advice for HookError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::RawEvent(_) | Self::Payload(_) | Self::Reply(_) => None,
            Self::NoNotification(_) => Some("leave out the last argument".into()),
            Self::System(error) => error.hint(),
            Self::StateDir(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::Core(error) => error.hint(),
            Self::Decision(error) => error.hint(),
            Self::Maintenance(error) => error.hint(),
        }
    }
}

impl HookError {
    /// Returns 1 if the event itself is wrong, so that the agent shows the error: the hook was installed for another
    /// agent. Returns 0 for everything else, so that the agent continues.
    pub(super) const fn exit_status(&self) -> u8 {
        match self {
            Self::RawEvent(_) | Self::Payload(_) | Self::NoNotification(_) => 1,
            _ => 0,
        }
    }

    /// Returns whether the event must wait, because another process holds the lock or the state is still being
    /// recovered.
    pub(super) const fn is_contended(&self) -> bool {
        match self {
            Self::Lock(LockError::Busy { .. } | LockError::Store(StoreError::RecoveryIncomplete { .. })) => true,
            Self::Decision(error) => error.is_recovery_incomplete(),
            _ => false,
        }
    }
}
