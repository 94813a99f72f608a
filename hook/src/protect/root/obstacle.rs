//! Why something in a project is left as it is.

use std::io;

use crate::protect::limits::MAX_FILE;

/// Why something cannot be taken, or cannot be put in place, although the disk is well. Another try changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// A symbolic link is on the way.
    #[error("a symbolic link stands on the way to it")]
    LinkAbove,
    /// Something that is no directory is on the way.
    #[error("something that is no directory stands on the way to it")]
    NoDirectoryAbove,
    /// It is a pipe, a socket or a device.
    #[error("it is neither a file nor a directory nor a symbolic link")]
    Special,
    /// It belongs to someone else.
    #[error("it belongs to another account")]
    Foreign,
    /// It is too large.
    #[error("it is larger than {MAX_FILE} bytes")]
    TooLarge,
    /// It keeps changing.
    #[error("it is being written")]
    Restless,
    /// Its name or its target cannot be written down.
    #[error("a name in it is no UTF-8")]
    Name,
    /// There is something else now.
    #[error("it changed while it was looked at")]
    Moved,
    /// The directory holds something.
    #[error("it is not empty")]
    NotEmpty,
}

/// Why a file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// The disk is well.
    #[error("{0}")]
    Obstacle(#[from] Obstacle),
    /// The system refused it.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl From<nix::Error> for RootError {
    fn from(error: nix::Error) -> Self {
        Self::Io(error.into())
    }
}
