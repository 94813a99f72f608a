//! Why something in a project is left as it is.

use std::io;

use crate::limits::MAX_FILE_BYTES;

/// Why something cannot be taken, or cannot be put in place, although the disk is well. Another try changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A symbolic link is on the way.
    #[error("a symbolic link stands on the way to it")]
    SymlinkInPath,
    /// Something that is no directory is on the way.
    #[error("something that is no directory stands on the way to it")]
    NotADirectory,
    /// It is a pipe, a socket or a device.
    #[error("it is neither a file nor a directory nor a symbolic link")]
    UnsupportedType,
    /// It belongs to someone else.
    #[error("it belongs to another account")]
    OtherOwner,
    /// It is too large.
    #[error("it is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// It keeps changing.
    #[error("it is being written")]
    KeepsChanging,
    /// Its name or its target cannot be written down.
    #[error("a name in it is no UTF-8")]
    NotUtf8,
    /// There is something else now.
    #[error("it changed while it was looked at")]
    ChangedMeanwhile,
    /// The directory holds something.
    #[error("it is not empty")]
    NotEmpty,
}

/// Why a file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectDirError {
    /// The disk is well.
    #[error("{0}")]
    Path(#[from] PathError),
    /// The system refused it.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl From<nix::Error> for ProjectDirError {
    fn from(error: nix::Error) -> Self {
        Self::Io(error.into())
    }
}
