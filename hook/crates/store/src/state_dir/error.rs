//! Why a directory cannot hold the state.

use std::io;
use std::path::PathBuf;

/// Why the state cannot be where it should.
#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    /// Nothing says where it is.
    #[error("neither BATON_HOME, XDG_STATE_HOME nor HOME says where the state is: set BATON_HOME to a directory")]
    Unset,
    /// The path is relative, or has `..` in it.
    #[error("the state directory {path} must be an absolute path without `..`: set BATON_HOME to one")]
    NotAbsolute {
        /// The path.
        path: PathBuf,
    },
    /// It belongs to someone else.
    #[error("the state directory {path} belongs to uid {owner}, not to yours ({ours}): set BATON_HOME to one of yours")]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who runs baton.
        ours: u32,
    },
    /// Others can get into it.
    #[error("the state directory {path} is open to others (mode {mode:o}): run chmod 700 {path}")]
    Mode {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is something else than a directory.
    #[error("the state directory {path} is not a directory: move it away, or set BATON_HOME to another path")]
    NotDirectory {
        /// The path.
        path: PathBuf,
    },
    /// A symlink that root did not put there leads to it.
    #[error("the state directory {path} is reached through the symlink {link}: set BATON_HOME to its real path")]
    Symlink {
        /// The state directory.
        path: PathBuf,
        /// The symlink.
        link: PathBuf,
    },
    /// It is in a worktree, whose files are other people's.
    #[error("the state directory {path} is inside the worktree {worktree}: set BATON_HOME to a directory outside")]
    InWorktree {
        /// The state directory.
        path: PathBuf,
        /// The root of the worktree.
        worktree: PathBuf,
    },
    /// It is where the event happened.
    #[error("the state directory {path} is inside the agent's directory {dir}: set BATON_HOME to a directory outside")]
    InEventDirectory {
        /// The state directory.
        path: PathBuf,
        /// The directory of the event.
        dir: PathBuf,
    },
    /// The system does not let it be looked at.
    #[error("cannot look at {path} on the chain to the state directory: {source}")]
    Io {
        /// The path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}
