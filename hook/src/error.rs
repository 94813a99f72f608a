//! What a command can fail with, and the exit status that says so.

use std::io;
use std::path::PathBuf;

use agent_baton_core::reason::Reason;

use baton_core_host::CoreError;
use baton_engine::config::ConfigError;
use baton_engine::decide::DecisionError;
use baton_engine::export::ExportError;
use baton_installer::InstallError;
use baton_protect::ProtectError;
use baton_store::{CommitError, LockError, StateDirError, StoreError};
use baton_system::SystemError;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The rules refused it.
    #[error("{what}")]
    Refused {
        /// The row.
        reason: Reason,
        /// The refusal in words, with a hint.
        what: String,
    },
    /// A user disabled baton here.
    #[error("baton is disabled here, so the run would not be tracked; `baton enable{0}` turns it on again")]
    Disabled(&'static str),
    /// A command could not be started or waited for.
    #[error("cannot run the command: {0}")]
    RunCommand(#[source] io::Error),
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
    /// A session that was named is not brought back.
    #[error("{0}")]
    NotResumed(String),
    /// Windows could not be opened; each failure was reported.
    #[error("{0} sessions could not be resumed")]
    WindowsNotOpened(usize),
    /// A pane cannot be selected.
    #[error("{there}; baton cannot switch to it: {why}")]
    PaneUnreachable {
        /// Where it is.
        there: String,
        /// Why that is not enough.
        why: String,
    },
    /// What a user set cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A record cannot be read.
    #[error("a record cannot be read; baton did not modify it. `baton log` names it")]
    Unreadable,
    /// The state directory cannot be used.
    #[error(transparent)]
    Home(#[from] StateDirError),
    /// A file of the state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock was not to be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Protected files were not saved or restored.
    #[error(transparent)]
    Protect(#[from] ProtectError),
    /// Protected files were not restored, or not all.
    #[error("{0}")]
    NotRestored(String),
    /// The rules for protected files refused it.
    #[error("{0}")]
    SessionsActive(String),
    /// An agent's configuration was not changed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// Checks found something amiss; they printed what.
    #[error("{0}")]
    ChecksFailed(usize),
    /// What a user set cannot be used, and nothing is put away by another rule than theirs.
    #[error("{0}")]
    Retention(String),
    /// What was decided could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The question was not settled.
    #[error(transparent)]
    DecisionService(#[from] DecisionError),
    /// The machine does not say where this runs.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The core failed.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The core decided without naming the run.
    #[error("the core decided without naming a record; this is a bug in baton")]
    InternalError,
    /// A file that the command line names could not be read.
    #[error("cannot read {path}: {source}")]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file that was to be made could not be.
    #[error("cannot write {path}: {source}")]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file that was to be made is there.
    #[error("{0} already exists and was not changed; choose another file with --out")]
    FileExists(PathBuf),
    /// A bundle could not be written or taken.
    #[error("{path}: {source}")]
    Export {
        /// The bundle.
        path: PathBuf,
        /// Why.
        source: ExportError,
    },
    /// The session is known already.
    #[error("{0}")]
    SessionExists(String),
    /// Decided again, decisions came out otherwise.
    #[error("{0} recorded decisions differ with the rules of this version")]
    DecisionsDiffer(usize),
    /// Standard input could not be read.
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    /// The present directory is gone, or cannot be looked at.
    #[error("cannot find the current directory: {0}; change to one that exists")]
    Directory(#[source] io::Error),
    /// Standard output could not be written.
    #[error("cannot write standard output: {0}")]
    Output(#[source] io::Error),
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(#[source] getrandom::Error),
    /// The account database knows no home.
    #[error(
        "the account database names no home directory for this account, so an approval of a command cannot be kept there"
    )]
    NoAccountHome,
    /// A user's word for a command could not be written down.
    #[error("cannot record below {home} that you approved this command: {source}")]
    StoreApproval {
        /// The account's home.
        home: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The demo's scratch directory or processes failed.
    #[error("the demo cannot use a scratch directory and processes of its own: {0}")]
    DemoSetup(#[source] io::Error),
    /// The demo's stand-in did not answer as it should.
    #[error("the demo's stand-in does not answer: {0}")]
    DemoProtocol(#[source] serde_json::Error),
    /// The demo's story took another course.
    #[error("the demo failed: {0}")]
    DemoFailed(String),
}

impl CommandError {
    /// 3: refused. 4: not found, or ambiguous. 1: failed.
    #[must_use]
    pub const fn status(&self) -> u8 {
        match self {
            Self::Refused { .. }
            | Self::NotResumed(_)
            | Self::Disabled(_)
            | Self::SessionExists(_)
            | Self::SessionsActive(_) => 3,
            Self::NotFound(_) | Self::Ambiguous { .. } => 4,
            _ => 1,
        }
    }

    /// The file of the state that could not be used.
    #[must_use]
    pub const fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error)
            | Self::Lock(LockError::Store(error))
            | Self::DecisionService(DecisionError::Store(error))
            | Self::Commit(CommitError::Store(error) | CommitError::InDoubt { source: error })
            | Self::DecisionService(DecisionError::Commit(
                CommitError::Store(error) | CommitError::InDoubt { source: error },
            )) => Some(error),
            _ => None,
        }
    }
}
