//! Where the state is, and whether it is safe to use there.

pub(crate) mod disabled;
pub(crate) mod format;
pub(crate) mod health;
pub(crate) mod layout;
pub(crate) mod network_fs;
pub(crate) mod purge;
pub(crate) mod trust;

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use agent_baton_core::process::HostId;

use crate::state_dir::layout::Hash;
use crate::state_dir::trust::check_path;
use baton_fs::account::AccountHome;

/// What of the environment decides where the state is.
#[derive(Debug, Clone, Default)]
pub struct StateDirEnv {
    /// `BATON_HOME`.
    pub baton_home: Option<OsString>,
    /// `XDG_STATE_HOME`.
    pub xdg_state_home: Option<OsString>,
    /// `XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<OsString>,
    /// `HOME`.
    pub home: Option<OsString>,
    /// The account's home, which no environment can change.
    pub account_home: AccountHome,
}

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

/// The state directory: checked, perhaps not yet made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir {
    root: PathBuf,
}

impl StateDirEnv {
    /// The environment of this process.
    #[must_use]
    pub fn from_process() -> Self {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            baton_home: var("BATON_HOME"),
            xdg_state_home: var("XDG_STATE_HOME"),
            xdg_config_home: var("XDG_CONFIG_HOME"),
            home: var("HOME"),
            account_home: AccountHome::Database,
        }
    }

    pub(crate) fn path(&self) -> Result<PathBuf, StateDirError> {
        if let Some(home) = &self.baton_home {
            return Ok(PathBuf::from(home));
        }
        // The XDG specification has relative values ignored.
        let absolute = |value: &Option<OsString>| value.as_ref().map(PathBuf::from).filter(|path| path.is_absolute());
        if let Some(state) = absolute(&self.xdg_state_home) {
            return Ok(state.join("baton"));
        }
        absolute(&self.home)
            .or_else(|| self.account_home.find())
            .map(|home| home.join(DEFAULT))
            .ok_or(StateDirError::Unset)
    }
}

/// The state directory below a home.
const DEFAULT: &str = ".local/state/baton";

impl StateDir {
    /// Finds the state directory and refuses one that is not safe. `event_dir` is the directory of the event, or the
    /// working directory of a command.
    ///
    /// A repository's settings can set any variable for hooks. So only the default under the home that the account
    /// database names may be inside a worktree or the event's directory (as when home is kept in git). A symlink on the
    /// way counts as the system's, and is followed, only where root owns it and root alone can write beside it.
    ///
    /// On a file system that machines may share, the state is one subdirectory for each machine: locks do not hold
    /// across machines there.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the path, and what to set instead.
    pub fn resolve(env: &StateDirEnv, event_dir: Option<&Path>, place: &HostId) -> Result<Self, StateDirError> {
        let path = env.path()?;
        let plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
        if !path.is_absolute() || !path.components().all(plain) {
            return Err(StateDirError::NotAbsolute { path });
        }
        // Rebuilt from its parts: no doubled or trailing slashes.
        let path: PathBuf = path.components().collect();
        let chain = check_path(&path)?;
        if let Err(refused) = chain.check_outside_worktree(&path, event_dir) {
            let home = env.account_home.find();
            if home.is_none_or(|home| path != home.join(DEFAULT)) {
                return Err(refused);
            }
        }
        let shared = network_fs::is_shared(&path);
        Ok(Self::for_machine(path, shared, place))
    }

    /// The state of one machine: below a directory that machines may share, each has its own.
    pub(crate) fn for_machine(path: PathBuf, shared: bool, place: &HostId) -> Self {
        let machine = Hash::of(place.machine.as_bytes());
        Self { root: if shared { path.join(format!("machine-{}", machine.as_str())) } else { path } }
    }

    /// The state directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// A directory taken as it is, without a check.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn unchecked(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }
}
