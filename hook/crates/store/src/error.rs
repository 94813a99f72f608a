//! Errors of the files in the state directory.

use std::io;
use std::path::{Path, PathBuf};

/// A file in the state directory could not be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum StoreError {
    /// The system refused an operation.
    #[error("cannot {operation} {path}")]
    Io { operation: &'static str, path: PathBuf, source: io::Error },
    /// A file exists but has unexpected content. baton did not modify it.
    #[error("cannot use {path}: it {what}. baton did not modify it")]
    Unreadable { path: PathBuf, what: String },
    /// The index is not usable until the next holder of the lock has rebuilt it.
    #[error("the index {path} is incomplete")]
    IndexMissing { path: PathBuf },
    /// Commits followed each other so fast that no consistent read succeeded.
    #[error("{path} kept changing while baton read it")]
    Contended { path: PathBuf },
    /// Recovery needs more time than one call may take.
    #[error("baton is still recovering {path}")]
    RecoveryIncomplete { path: PathBuf },
    /// A text is too long to be written at once.
    #[error("a text of {bytes} bytes is too long for {path}; the limit is {limit}")]
    TooLong { path: PathBuf, bytes: usize, limit: usize },
}

impl StoreError {
    /// Adds the operation and the path to an I/O error, for `map_err`.
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, path: path.to_owned(), source }
    }

    /// Returns the error for a file with unexpected content.
    pub(crate) fn unreadable(path: &Path, what: impl Into<String>) -> Self {
        Self::Unreadable { path: path.to_owned(), what: what.into() }
    }

    /// Returns the file that the error is about.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. } | Self::Unreadable { path, .. } | Self::IndexMissing { path } => Some(path),
            Self::Contended { .. } | Self::RecoveryIncomplete { .. } | Self::TooLong { .. } => None,
        }
    }

    /// Returns whether the state directory is read-only here, as in a sandbox.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        matches!(self, Self::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied))
    }
}
