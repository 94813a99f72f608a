//! The configuration in force.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Config, ConfigError, find_path};
use baton_agents::AgentInspector;
use baton_store::StateDirEnv;

/// Returns the environment with the user's own variables for the location of the configuration.
///
/// A repository's settings can set any variable for hooks and tools, to the path of another file or to nothing. They
/// cannot change the environment that an agent's process started with. Below agents, the environment of the outermost
/// one counts, because an agent inside a tool of another agent starts with what the outer agent's settings define.
/// Codex's daemon has the environment of its first pane. If that environment cannot be read, no variable counts and
/// the account's own file is used.
#[must_use]
pub fn with_user_config(inspector: &AgentInspector<'_>, env: StateDirEnv) -> StateDirEnv {
    let Some(agent) = inspector.outermost_agent() else { return env };
    let began_with = |name| inspector.system().variable(agent.pid, name).map(OsString::from);
    StateDirEnv { xdg_config_home: began_with("XDG_CONFIG_HOME"), home: began_with("HOME"), ..env }
}

/// The configuration, which is read on first use. The fast path never uses it.
#[derive(Debug)]
pub struct Settings {
    env: StateDirEnv,
    trusted_env: fn(StateDirEnv) -> StateDirEnv,
    directory: Option<PathBuf>,
    read: OnceCell<(Config, Option<ConfigError>)>,
}

impl Settings {
    /// Creates the settings of an event or a command in `directory`. Only the variables that `trusted_env` keeps are
    /// believed. The check runs when the configuration is read, because it has to look up processes.
    #[must_use]
    pub const fn new(
        env: StateDirEnv,
        trusted_env: fn(StateDirEnv) -> StateDirEnv,
        directory: Option<PathBuf>,
    ) -> Self {
        Self { env, trusted_env, directory, read: OnceCell::new() }
    }

    /// Returns the configuration, or the defaults if the file cannot be used.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.read().0
    }

    /// Returns the account's home directory. No environment variable can change it.
    #[must_use]
    pub fn account_home(&self) -> Option<PathBuf> {
        self.env.account_home.find()
    }

    /// Returns the directory that `HOME` names, and the account's home directory.
    pub fn homes(&self) -> impl Iterator<Item = PathBuf> {
        self.env.home.as_ref().map(PathBuf::from).into_iter().chain(self.account_home())
    }

    /// Returns the directory of the event or the command.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// Returns why the file cannot be used, if it was read and cannot be.
    #[must_use]
    pub fn problem(&self) -> Option<&ConfigError> {
        self.read.get().and_then(|(_, problem)| problem.as_ref())
    }

    fn read(&self) -> &(Config, Option<ConfigError>) {
        self.read.get_or_init(|| {
            let found = find_path(&(self.trusted_env)(self.env.clone()), self.directory.as_deref());
            match found.and_then(|path| path.as_deref().map_or_else(|| Ok(Config::default()), Config::read)) {
                Ok(config) => (config, None),
                Err(problem) => (Config::default(), Some(problem)),
            }
        })
    }
}
