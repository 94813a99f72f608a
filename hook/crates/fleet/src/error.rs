//! Why the fleet's database was of no use.

use std::io;
use std::path::PathBuf;

use agent_baton_core::id::FleetId;
use baton_fleet_protocol::{Cause, Failure};

/// Why the fleet's database could not be asked, or did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum FleetError {
    /// No database is configured.
    #[error("the configuration names no database for the fleet")]
    NotConfigured,
    /// The configuration cannot be used, so it is not known which database it names.
    #[error("the configuration cannot be used: {problem}")]
    Configuration { problem: String },
    /// The state directory belongs to no fleet.
    #[error("this machine has joined no fleet")]
    NotJoined,
    /// The database is another fleet's.
    #[error("the database belongs to the fleet {found}, and this machine joined {expected}")]
    OtherFleet { expected: FleetId, found: FleetId },
    /// Other machines kept changing the rows.
    #[error("other machines changed the run {times} times while baton decided")]
    Conflicts { times: u32 },
    /// The command that prints the URL failed.
    #[error("the command in `url_command` {problem}")]
    UrlCommand { problem: String },
    /// The program is missing.
    #[error("baton-fleet is not installed, which talks to the fleet's database")]
    NotInstalled,
    /// The program cannot be started or talked to.
    #[error("cannot talk to {path}")]
    Child { path: PathBuf, source: io::Error },
    /// The program gave an answer that does not fit the request.
    #[error("baton-fleet answered with something else than it was asked for")]
    Answer,
    /// Another call found the commit under way, and withdrew it.
    #[error("another call of baton on this machine withdrew the commit, so the database has not stored it")]
    Withdrawn,
    /// The lock was released while the database answered, and another call changed the records.
    #[error("another call of baton on this machine changed the records while the fleet's database answered")]
    RecordsChanged,
    /// There was no answer in time.
    #[error("the fleet's database did not answer within {ms} ms")]
    TimedOut { ms: u128 },
    /// An earlier call had no answer, so this one did not ask.
    #[error("the fleet's database did not answer a moment ago: {problem}")]
    Outage { problem: String },
    /// The program says why it failed.
    #[error("{}", .0.message)]
    Failed(Failure),
    /// A file of this machine cannot be used.
    #[error(transparent)]
    Store(#[from] baton_store::StoreError),
    /// The lock on the token was not available.
    #[error(transparent)]
    Lock(#[from] baton_store::LockError),
    /// No random bytes.
    #[error("the system gives no random bytes")]
    Random(#[from] getrandom::Error),
}

impl FleetError {
    /// Returns the kind of failure that the program named, or `None` if it did not get to name one.
    #[must_use]
    pub const fn cause(&self) -> Option<Cause> {
        match self {
            Self::Failed(failure) => Some(failure.cause),
            _ => None,
        }
    }

    /// Returns whether the database answered that this state directory is none of its machines, or is behind a restore. Then no
    /// lease of this directory counts: it may be a copy.
    #[must_use]
    pub fn disowns(&self) -> bool {
        matches!(self, Self::OtherFleet { .. })
            || matches!(
                self.cause(),
                Some(Cause::UnknownToken | Cause::OtherEpoch | Cause::OtherFleet | Cause::Restored)
            )
    }

    /// Returns whether what was asked may have been carried out nevertheless.
    #[must_use]
    pub const fn is_in_doubt(&self) -> bool {
        match self {
            Self::Failed(failure) => failure.in_doubt,
            Self::TimedOut { .. } | Self::Child { .. } | Self::Answer | Self::RecordsChanged => true,
            _ => false,
        }
    }
}
