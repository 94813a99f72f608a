//! Why baton leaves something in a project as it is.

use std::io;

use crate::limits::MAX_FILE_BYTES;

/// The state of a path does not allow the operation. The disk works, so another attempt gives the same result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A part of the path is a symbolic link.
    #[error("a directory on its path is a symbolic link")]
    SymlinkInPath,
    /// A part of the path is not a directory.
    #[error("something on its path is not a directory")]
    NotADirectory,
    /// It is a pipe, a socket or a device.
    #[error("it is not a file, a directory or a symbolic link")]
    UnsupportedType,
    /// It belongs to another account.
    #[error("it belongs to another account")]
    OtherOwner,
    /// It is too large.
    #[error("it is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// It keeps changing.
    #[error("it is being written")]
    KeepsChanging,
    /// Its name or its link target cannot be stored.
    #[error("it contains a name that is not UTF-8")]
    NotUtf8,
    /// Something else is there now.
    #[error("it changed while baton read it")]
    ChangedMeanwhile,
    /// The directory is not empty.
    #[error("it is not empty")]
    NotEmpty,
}

/// Why a file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectDirError {
    /// The path does not allow the operation.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The system refused the operation.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<nix::Error> for ProjectDirError {
    fn from(error: nix::Error) -> Self {
        Self::Io(error.into())
    }
}
