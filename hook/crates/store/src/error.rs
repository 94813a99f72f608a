//! What can go wrong with the state's files.

use std::io;
use std::path::{Path, PathBuf};

/// A file of the state could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused an operation.
    #[error("cannot {operation} {path}: {source}{hint}", hint = hint(source))]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file is there and is not what it should be. It was left byte for byte.
    #[error("{path} {what}; it was left as it is. Look at it, then move it away or restore it from a backup")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as the rest of a sentence.
        what: String,
    },
    /// The index cannot be trusted until the next holder of the lock has rebuilt it.
    #[error("the index {path} is not whole; the next call that takes the lock rebuilds it")]
    IndexMissing {
        /// The file that is missing or wrong.
        path: PathBuf,
    },
    /// Commits followed each other so fast that no moment without one could be read.
    #[error("{path} did not stand still for one read; try again")]
    Contended {
        /// The state directory.
        path: PathBuf,
    },
    /// There is more to mend than one call may take the time for.
    #[error("{path} is being brought into order, which takes more than one call; the next one goes on. Try again")]
    RecoveryIncomplete {
        /// The state directory.
        path: PathBuf,
    },
    /// A text is longer than may be written at once.
    #[error("a text of {bytes} bytes is too long for {path}; at most {limit} are written at once")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

impl StoreError {
    /// Names the operation and the file of an error; for `map_err`.
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, path: path.to_owned(), source }
    }

    /// A file that is not what it should be.
    pub(crate) fn unreadable(path: &Path, what: impl Into<String>) -> Self {
        Self::Unreadable { path: path.to_owned(), what: what.into() }
    }

    /// Whether the state cannot be written here at all, as inside a sandbox.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        matches!(self, Self::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied))
    }
}

/// What a user can do about an error of the system; empty where nothing is known.
fn hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull => ". Free space on its file system; nothing was changed",
        io::ErrorKind::QuotaExceeded => ". Your disk quota is used up: free space; nothing was changed",
        io::ErrorKind::ReadOnlyFilesystem => {
            ". Its file system is read-only here: make it writable, or set BATON_HOME to a directory that is"
        }
        io::ErrorKind::PermissionDenied => {
            ". Make it yours again (chown, chmod u+rwX), or set BATON_HOME to a directory that is"
        }
        io::ErrorKind::CrossesDevices => {
            ". The state directory must be on one file system: no mount point may be inside it"
        }
        _ => "",
    }
}
