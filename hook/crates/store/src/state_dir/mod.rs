//! Finds the state directory and checks that it is safe to use.

pub(crate) mod disable;
pub(crate) mod disabled;
mod error;
pub(crate) mod format;
pub(crate) mod health;
pub(crate) mod layout;
pub(crate) mod network_fs;
pub(crate) mod purge;
pub(crate) mod trust;
pub(crate) mod unusable;

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use agent_baton_core::process::HostId;

use crate::state_dir::layout::Hash;
use crate::state_dir::trust::check_path;

use baton_fs::account::AccountHome;
use baton_fs::dirs;
pub use error::StateDirError;

/// The environment variables that determine the state directory.
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
    /// The account's home directory, which no environment variable can change.
    pub account_home: AccountHome,
}

/// A state directory that was checked. It may not exist yet.
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
        dirs::base(self.xdg_state_home.as_deref(), self.home.as_deref(), ".local/state")
            .map(|state| state.join("baton"))
            .or_else(|| Some(self.account_home.find()?.join(DEFAULT)))
            .ok_or(StateDirError::Unset)
    }
}

impl StateDirEnv {
    /// Names `HOME` as the reason if it is. In a container it is often right, and not the home of the account.
    fn explain(&self, refused: StateDirError, path: &Path, account: Option<PathBuf>) -> StateDirError {
        let home = self.home.as_ref().map(PathBuf::from).filter(|home| path == home.join(DEFAULT));
        match home {
            Some(home) if self.baton_home.is_none() => {
                let account = account.map_or_else(|| "not known".to_owned(), |account| account.display().to_string());
                StateDirError::OtherHome { home, account, source: Box::new(refused) }
            }
            _ => refused,
        }
    }
}

/// The default state directory in a home directory.
const DEFAULT: &str = ".local/state/baton";

impl StateDir {
    /// Finds the state directory and refuses one that is not safe. `event_dir` is the directory of the event, or the
    /// working directory of a command.
    ///
    /// A repository's settings can set any environment variable for hooks. So only the default in the home directory
    /// that the account database names may be inside a worktree or the event's directory (for example if the home
    /// directory is kept in git). A symlink in the path is followed only if root owns it and only root can write to its
    /// directory.
    ///
    /// On a file system that machines may share, the state has one subdirectory for each machine, because locks do not
    /// work across machines there.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the path, and what to set instead.
    pub fn resolve(env: &StateDirEnv, event_dir: Option<&Path>, place: &HostId) -> Result<Self, StateDirError> {
        let path = env.path()?;
        let plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
        if !path.is_absolute() || !path.components().all(plain) {
            return Err(StateDirError::NotAbsolute { path });
        }
        // Rebuilds the path from its components, without doubled or trailing slashes.
        let path: PathBuf = path.components().collect();
        let chain = check_path(&path)?;
        if let Err(refused) = chain.check_outside_worktree(&path, event_dir) {
            let home = env.account_home.find();
            if home.as_ref().is_none_or(|home| path != home.join(DEFAULT)) {
                return Err(env.explain(refused, &path, home));
            }
        }
        let shared = network_fs::is_shared(&path);
        Ok(Self::for_machine(path, shared, place))
    }

    /// Returns the state directory of one machine. In a shared directory, each machine has its own subdirectory.
    pub(crate) fn for_machine(path: PathBuf, shared: bool, place: &HostId) -> Self {
        let machine = Hash::of(place.machine.as_bytes());
        Self { root: if shared { path.join(format!("machine-{}", machine.as_str())) } else { path } }
    }

    /// Returns the path of the state directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Returns a state directory without checking it.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn unchecked(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }
}
