//! Errors of the location of the state directory.

use std::io;
use std::path::PathBuf;

/// Why a directory cannot be the state directory.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum StateDirError {
    /// No environment variable names a directory.
    #[error("none of BATON_HOME, XDG_STATE_HOME and HOME is set, so baton does not know where its state is")]
    Unset,
    /// The path is relative or contains `..`.
    #[error("the state directory {path} must be an absolute path without `..`")]
    NotAbsolute { path: PathBuf },
    /// The directory belongs to another user.
    #[error("the state directory {path} belongs to uid {owner}, not to you (uid {ours})")]
    Owner { path: PathBuf, owner: u32, ours: u32 },
    /// The directory does not exist, and the one in which it would be created belongs to another user.
    #[error(
        "the state directory {path} would be created in {dir}, which belongs to uid {owner}, not to you (uid {ours})"
    )]
    ForeignParent { path: PathBuf, dir: PathBuf, owner: u32, ours: u32 },
    /// This account cannot create the directory, or cannot get to it.
    #[error("the state directory {path} is out of reach: {dir} belongs to uid {owner} and keeps you (uid {ours}) out")]
    OutOfReach { path: PathBuf, dir: PathBuf, owner: u32, ours: u32 },
    /// The directory is the default below `HOME` and inside a project, and `HOME` is not the home of the account.
    #[error(
        "HOME is {home}, and this account's home in the account database is {account}. A project can set HOME for hooks, so baton \
         keeps its state there only outside of projects"
    )]
    OtherHome { home: PathBuf, account: String, source: Box<StateDirError> },
    /// Other users have access to it.
    #[error("the state directory {path} is open to others (mode {mode:o})")]
    Mode { path: PathBuf, mode: u32 },
    /// The path is not a directory.
    #[error("the state directory {path} is not a directory")]
    NotDirectory { path: PathBuf },
    /// The path contains a symlink that root did not create.
    #[error("the state directory {path} is reached through the symlink {link}")]
    Symlink { path: PathBuf, link: PathBuf },
    /// It is in a worktree, whose files come from other people.
    #[error("the state directory {path} is inside the worktree {worktree}")]
    InWorktree { path: PathBuf, worktree: PathBuf },
    /// It is in the directory of the event, or in the working directory of a command.
    #[error("the state directory {path} is inside the current directory {dir}")]
    InEventDirectory { path: PathBuf, dir: PathBuf },
    /// A part of the path cannot be accessed.
    #[error("cannot inspect {path}, a parent of the state directory")]
    Io { path: PathBuf, source: io::Error },
}
