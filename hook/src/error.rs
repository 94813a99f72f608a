//! The errors of commands, and their exit statuses.

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

/// Why a command did not do what it was asked to do.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The rules refused it.
    #[error("{what}")]
    Refused {
        /// The reason code.
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
    /// Several records match. The error lists them.
    #[error("{what}; which one?\n{candidates}")]
    Ambiguous {
        /// The text that was looked for.
        what: String,
        /// The records that match, one per line.
        candidates: String,
    },
    /// A named session was not resumed.
    #[error("{0}")]
    NotResumed(String),
    /// Windows could not be opened. Each failure was reported.
    #[error("{} could not be resumed", baton_display::format_count(*.0, "session", "sessions"))]
    WindowsNotOpened(usize),
    /// The pane cannot be selected.
    #[error("{there}; baton cannot switch to it: {why}")]
    PaneUnreachable {
        /// Where it is.
        there: String,
        /// Why baton cannot switch to it.
        why: String,
    },
    /// The configuration cannot be used.
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
    /// The lock was not available in time.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Protected files could not be saved or restored.
    #[error(transparent)]
    Protect(#[from] ProtectError),
    /// Not all protected files were restored.
    #[error("{0}")]
    NotRestored(String),
    /// The rules for protected files refused it.
    #[error("{0}")]
    SessionsActive(String),
    /// An agent's configuration was not changed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// Checks failed, and their findings were printed.
    #[error("{} failed", baton_display::format_count(*.0, "check", "checks"))]
    ChecksFailed(usize),
    /// The retention limits cannot be used. Retention never archives by other limits than the user's.
    #[error("{0}")]
    Retention(String),
    /// The decision could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// There was no decision.
    #[error(transparent)]
    DecisionService(#[from] DecisionError),
    /// The host cannot be identified.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The core failed.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The core's decision does not name the run.
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
    /// A file could not be created.
    #[error("cannot write {path}: {source}")]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The file to create exists already.
    #[error("{0} already exists and was not changed; choose another file with --out")]
    FileExists(PathBuf),
    /// An export could not be written or read.
    #[error("{path}: {source}")]
    Export {
        /// The export.
        path: PathBuf,
        /// The cause.
        source: ExportError,
    },
    /// The session has a record already.
    #[error("{0}")]
    SessionExists(String),
    /// Recorded decisions differ when they are decided again.
    #[error("{} with the rules of this version", baton_display::format_count(*.0, "recorded decision differs", "recorded decisions differ"))]
    DecisionsDiffer(usize),
    /// Standard input could not be read.
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    /// The current directory was removed or cannot be read.
    #[error("cannot find the current directory: {0}; change to one that exists")]
    Directory(#[source] io::Error),
    /// Standard output could not be written.
    #[error("cannot write standard output: {0}")]
    Output(#[source] io::Error),
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(#[source] getrandom::Error),
    /// The account database names no home directory.
    #[error(
        "the account database names no home directory for this account, so baton cannot store your approval of the command there"
    )]
    NoAccountHome,
    /// The approval of a command could not be written.
    #[error("cannot store your approval of the command below {home}: {source}")]
    StoreApproval {
        /// The account's home.
        home: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The demo's temporary directory or its processes failed.
    #[error("the demo cannot use a scratch directory and processes of its own: {0}")]
    DemoSetup(#[source] io::Error),
    /// The demo's fake agent gave an invalid answer.
    #[error("the demo's fake agent does not answer: {0}")]
    DemoProtocol(#[source] serde_json::Error),
    /// A step of the demo had an unexpected result.
    #[error("the demo failed: {0}")]
    DemoFailed(String),
}

impl CommandError {
    /// Returns the exit status. 3: refused. 4: not found or ambiguous. 1: failed.
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

    /// Returns the store error about a file that could not be used.
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
