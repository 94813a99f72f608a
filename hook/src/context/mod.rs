//! What a command works with: the machine it runs on, the state, and the core.

mod edits;
mod liveness;
mod outcome;
mod records;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use agent_baton_core::process::HostId;
use agent_baton_core::timestamp::Timestamp;

pub use liveness::SystemLiveness;
pub use outcome::Outcome;

use crate::error::CommandError;
use crate::output;
use baton_agents::AgentInspector;
use baton_engine::config::{Retention, Settings};
use baton_engine::discovery::{Bounds, Discovery};
use baton_store::{LockedStore, StateDir, StateDirEnv, Store};
use baton_system::environment::OwnEnvironment;
use baton_system::{CurrentProcess, CurrentSystem, System, SystemError};

/// How long a command waits for the lock. A user waits longer than an agent's hook may.
const LOCK_WAIT: Duration = Duration::from_secs(5);

static MACHINE: CurrentSystem = CurrentSystem;
static ENVIRONMENT: OwnEnvironment = OwnEnvironment;

/// Where this process runs; read once.
///
/// # Errors
/// See [`SystemError`].
pub fn here() -> Result<&'static CurrentProcess, SystemError> {
    static HERE: OnceLock<CurrentProcess> = OnceLock::new();
    match HERE.get() {
        Some(here) => Ok(here),
        None => {
            let here = MACHINE.current_process()?;
            Ok(HERE.get_or_init(|| here))
        }
    }
}

/// The present directory.
///
/// # Errors
/// Where it is gone, or cannot be looked at.
pub fn current_directory() -> Result<PathBuf, CommandError> {
    std::env::current_dir().map_err(CommandError::Directory)
}

/// A witness of this process.
#[must_use]
pub const fn inspector(here: &'static CurrentProcess) -> AgentInspector<'static> {
    AgentInspector::new(&MACHINE, &ENVIRONMENT, here)
}

/// The same environment with what a user print_result of where the configuration is.
///
/// A repository's settings can set any variable for hooks and tools, to the path of another file or of none. They cannot change what the
/// process of an agent began with: beneath one, that of the outermost counts, for an agent in a tool of another begins with what the
/// other's settings say; Codex's daemon began with those of its first pane. Where they cannot be read neither counts, and the account's own
/// file does.
#[must_use]
pub fn with_user_config(env: StateDirEnv) -> StateDirEnv {
    let Some(agent) = here().ok().and_then(|here| inspector(here).outermost_agent()) else { return env };
    let began_with = |name| MACHINE.variable(agent.pid, name).map(OsString::from);
    StateDirEnv { xdg_config_home: began_with("XDG_CONFIG_HOME"), home: began_with("HOME"), ..env }
}

/// What a command works with.
pub struct Context {
    here: &'static CurrentProcess,
    inspector: AgentInspector<'static>,
    store: Store,
    settings: Settings,
}

impl Context {
    /// Finds the machine and the state.
    ///
    /// # Errors
    /// When the machine does not say where this runs, or the state directory must not be used.
    pub fn open() -> Result<Self, CommandError> {
        let here = here()?;
        let directory = std::env::current_dir().ok();
        let env = StateDirEnv::from_process();
        let home = StateDir::resolve(&env, directory.as_deref(), &here.place)?;
        let store = Store::open(&home, &here.place);
        Ok(Self { here, inspector: inspector(here), store, settings: Settings::new(env, with_user_config, directory) })
    }

    /// The state.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// What a user set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What looks at launches.
    #[must_use]
    pub const fn inspector(&self) -> &AgentInspector<'static> {
        &self.inspector
    }

    /// Where this runs.
    #[must_use]
    pub const fn place(&self) -> &HostId {
        &self.here.place
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inspector.now()
    }

    /// A look for sessions that no hook announced.
    ///
    /// # Errors
    /// As [`Self::retention`]: what would be put away at once is not registered.
    pub fn discovery(&self, bounds: Bounds) -> Result<Discovery<'_>, CommandError> {
        Ok(Discovery {
            store: &self.store,
            inspector: &self.inspector,
            policy: self.retention()?,
            now: self.now(),
            bounds,
        })
    }

    /// How long sessions that are over are kept.
    ///
    /// # Errors
    /// When a user set that and it cannot be read: nothing is put away by another rule than theirs.
    pub fn retention(&self) -> Result<&Retention, CommandError> {
        let kept = &self.settings.config().retention;
        match self.settings.problem() {
            Some(problem) => Err(CommandError::Retention(problem.to_string())),
            None => Ok(kept),
        }
    }

    /// The lock; what was found wrong with the state is print_result on stderr.
    ///
    /// # Errors
    /// When it is not to be had.
    pub fn lock(&self) -> Result<LockedStore<'_>, CommandError> {
        let mut locked = self.store.lock(Instant::now() + LOCK_WAIT, &self.now())?;
        for report in locked.take_reports() {
            output::notice(&report);
        }
        Ok(locked)
    }

    /// The account's home, which no environment can change.
    #[must_use]
    pub fn account_home(&self) -> Option<PathBuf> {
        self.settings.account_home()
    }

    /// Where this call runs.
    #[must_use]
    pub const fn here(&self) -> &CurrentProcess {
        self.here
    }
}
