//! What a command can fail with, and the exit status that says so.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use agent_baton_core::reason::Reason;

use crate::commands::print;
use crate::core::CoreError;
use crate::decider::DeciderError;
use crate::machine::MachineError;
use crate::protect::ProtectError;
use crate::store::{HomeError, LockError, StoreError};
use crate::wiring::WiringError;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The rules refused it.
    #[error("{what}")]
    Refused {
        /// The row.
        reason: Reason,
        /// The row for a person, with the way out.
        what: String,
    },
    /// There is no such record.
    #[error("{0}")]
    NotFound(String),
    /// Several records fit; they are listed.
    #[error("{what}; which one?\n{candidates}")]
    Ambiguous {
        /// What was looked for.
        what: String,
        /// The records that fit, a line each.
        candidates: String,
    },
    /// A record cannot be read.
    #[error("a record that this needs cannot be read; it was left as it is. `baton log` names it")]
    Unreadable,
    /// The state directory cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// A file of the state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock was not to be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Protected files were not saved or given back.
    #[error(transparent)]
    Protect(#[from] ProtectError),
    /// Protected files were not given back, or not all.
    #[error("{0}")]
    NotGivenBack(String),
    /// The rules for protected files refused it.
    #[error("{0}")]
    Occupied(String),
    /// An agent's configuration was not changed.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// Checks found something amiss; they said what.
    #[error("{0} of the checks above need something done")]
    Unwell(usize),
    /// The question was not settled.
    #[error(transparent)]
    Decider(#[from] DeciderError),
    /// The machine does not say where this runs.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The core failed.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The core decided without naming the run.
    #[error("the core decided without naming a record; this is a fault of baton")]
    CoreSilent,
    /// A file that the command line names could not be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Decided again, decisions came out otherwise.
    #[error("{0} of the recorded decisions come out otherwise with the core of this baton; its rules changed")]
    Replayed(usize),
    /// Standard input could not be read.
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    /// Standard output could not be written.
    #[error("cannot write standard output: {0}")]
    Output(#[source] io::Error),
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(#[source] getrandom::Error),
    /// The demo's scratch directory or processes failed.
    #[error("the demo cannot use a scratch directory and processes of its own: {0}")]
    Scratch(#[source] io::Error),
    /// The demo's stand-in did not answer as it should.
    #[error("the demo's stand-in does not answer: {0}")]
    Demo(#[source] serde_json::Error),
    /// The demo's story took another course.
    #[error("the story did not go as told: {0}")]
    Story(String),
}

impl CommandError {
    /// 3: refused. 4: not found, or ambiguous. 1: failed.
    const fn status(&self) -> u8 {
        match self {
            Self::Refused { .. } | Self::Occupied(_) => 3,
            Self::NotFound(_) | Self::Ambiguous { .. } => 4,
            _ => 1,
        }
    }

    /// Says the error on stderr; gives the exit status.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        print::say(&self.to_string());
        ExitCode::from(self.status())
    }
}
