//! The configuration in force.

use std::cell::OnceCell;
use std::path::PathBuf;

use super::{Config, ConfigError, find_path};
use baton_store::StateDirEnv;

/// The configuration, read when it is first asked for: the fast path never asks.
#[derive(Debug)]
pub struct Settings {
    env: StateDirEnv,
    trusted_env: fn(StateDirEnv) -> StateDirEnv,
    directory: Option<PathBuf>,
    read: OnceCell<(Config, Option<ConfigError>)>,
}

impl Settings {
    /// Of as much of this environment as `trusted_env` leaves, for an event or a command in `directory`. What is believed is asked when the
    /// configuration is: it costs looks at processes.
    #[must_use]
    pub const fn new(
        env: StateDirEnv,
        trusted_env: fn(StateDirEnv) -> StateDirEnv,
        directory: Option<PathBuf>,
    ) -> Self {
        Self { env, trusted_env, directory, read: OnceCell::new() }
    }

    /// What is in force: the defaults where the file cannot be used.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.read().0
    }

    /// The account's home, which no environment can change.
    #[must_use]
    pub fn account_home(&self) -> Option<PathBuf> {
        self.env.account_home.find()
    }

    /// Why the file cannot be used, if it was asked for and cannot.
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
