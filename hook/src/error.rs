//! The errors of commands, and their exit statuses.

use std::error::Error;
use std::fmt;
use std::io;

use baton_core_host::CoreError;
use baton_engine::config::ConfigError;
use baton_engine::decide::DecisionError;
use baton_engine::export::CollectError;
use baton_fleet_client::FleetError;
use baton_installer::InstallError;
use baton_protect::ProtectError;
use baton_store::{CommitError, LockError, StateDirError, StoreError};
use baton_system::SystemError;

use crate::hint::{Advice, Hint};

/// Why a command did not do what it was asked to do.
#[derive(Debug)]
pub struct CommandError {
    /// What happened, to which resource.
    pub kind: ErrorKind,
    /// The typed error of what it called.
    pub source: Option<Box<dyn Advice>>,
    /// What the user can do.
    pub hint: Option<Hint>,
}

/// What happened. It decides the exit status.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum ErrorKind {
    /// The rules or the state of a record refused it.
    #[error("{0}")]
    Refused(String),
    /// The fleet's database was asked to store a change, and its answer was lost.
    #[error("{0}")]
    InDoubt(String),
    /// There is no such record.
    #[error("{0}")]
    NotFound(String),
    /// Several records match.
    #[error("{what}; which one?")]
    Ambiguous { what: String, candidates: Vec<String> },
    /// It failed, or was done only in part.
    #[error("{0}")]
    Failed(String),
    /// The system refused an operation.
    #[error("cannot {operation} {resource}")]
    Cannot { operation: &'static str, resource: String },
    /// The source says all of it.
    #[error("failed")]
    Source,
}

/// An error of the system is none of these: it needs the operation and the resource.
macro_rules! errors_that_say_all {
    ($($error:ty),*) => {$(
        impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                Self::new(ErrorKind::Source).caused_by(error)
            }
        }
    )*};
}

errors_that_say_all!(
    ConfigError,
    CollectError,
    CoreError,
    CommitError,
    DecisionError,
    FleetError,
    InstallError,
    LockError,
    ProtectError,
    StateDirError,
    StoreError,
    SystemError
);

impl CommandError {
    const fn new(kind: ErrorKind) -> Self {
        Self { kind, source: None, hint: None }
    }

    /// The rules refused it.
    pub fn refused(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused(what.into()))
    }

    /// Nobody knows yet whether it was done. The next call finds out.
    pub fn in_doubt(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::InDoubt(what.into()))
    }

    /// There is no such record.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound(what.into()))
    }

    /// Several records match.
    pub fn ambiguous(what: impl Into<String>, candidates: Vec<String>) -> Self {
        Self::new(ErrorKind::Ambiguous { what: what.into(), candidates })
    }

    /// It failed, or was done only in part.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed(what.into()))
    }

    /// What cannot happen happened.
    #[must_use]
    pub fn bug(what: &str) -> Self {
        Self::failed(what).hint(Hint::BUG)
    }

    /// The system refused an operation.
    pub fn cannot(operation: &'static str, resource: impl fmt::Display, source: impl Advice + 'static) -> Self {
        Self::new(ErrorKind::Cannot { operation, resource: resource.to_string() }).caused_by(source)
    }

    /// Standard input could not be read.
    #[must_use]
    pub fn input(source: io::Error) -> Self {
        Self::cannot("read", "standard input", source)
    }

    /// Standard output could not be written.
    #[must_use]
    pub fn output(source: io::Error) -> Self {
        Self::cannot("write", "standard output", source)
    }

    /// Adds what the user can do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the source, with its hint.
    #[must_use]
    pub fn caused_by(mut self, source: impl Advice + 'static) -> Self {
        self.hint = source.hint();
        self.source = Some(Box::new(source));
        self
    }

    /// Returns the exit status. 3: refused. 4: not found or ambiguous. 5: not known yet. 1: failed.
    #[must_use]
    pub const fn status(&self) -> u8 {
        match self.kind {
            ErrorKind::Refused(_) => 3,
            ErrorKind::NotFound(_) | ErrorKind::Ambiguous { .. } => 4,
            ErrorKind::InDoubt(_) => 5,
            ErrorKind::Failed(_) | ErrorKind::Cannot { .. } | ErrorKind::Source => 1,
        }
    }

    /// Returns whether there is no such record.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self.kind, ErrorKind::NotFound(_))
    }

    /// Returns the source about an agent's configuration.
    #[must_use]
    pub fn install_error(&self) -> Option<&InstallError> {
        let source: &(dyn Error + 'static) = self.source.as_deref()?;
        source.downcast_ref()
    }

    /// Returns the source about a file of the state.
    #[must_use]
    pub fn store_error(&self) -> Option<&StoreError> {
        self.source.as_deref()?.store_error()
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, &self.source) {
            (ErrorKind::Source, Some(source)) => write!(f, "{source}"),
            (kind, _) => write!(f, "{kind}"),
        }
    }
}

impl Error for CommandError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref()?;
        if matches!(self.kind, ErrorKind::Source) { source.source() } else { Some(source) }
    }
}

impl Advice for CommandError {
    fn hint(&self) -> Option<Hint> {
        self.hint.clone()
    }
}
