//! The context of a command: the system it runs on, the state, and the core.

mod edits;
mod fleet;
mod handoffs;
mod liveness;
mod loop_check;
mod outcome;
mod owner_elsewhere;
mod records;
mod witness_timer;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use agent_baton_core::process::HostId;
use agent_baton_core::timestamp::Timestamp;

pub use fleet::without_database;
pub use loop_check::LoopCheck;
pub use outcome::Outcome;
pub use owner_elsewhere::FleetOwners;
pub use records::unreadable;
pub use witness_timer::TimerOfState;

use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use baton_agents::AgentInspector;
use baton_catalogue::LazyCatalogue;
use baton_engine::config::{Retention, Settings};
use baton_engine::discovery::{Bounds, Discovery};
use baton_store::{LockedStore, StateDir, StateDirEnv, Store};
use baton_system::environment::OwnEnvironment;
use baton_system::{CurrentProcess, CurrentSystem, here};

/// How long a command waits for the lock. A user can wait longer than an agent's hook.
const LOCK_WAIT: Duration = Duration::from_secs(5);

static MACHINE: CurrentSystem = CurrentSystem;
static ENVIRONMENT: OwnEnvironment = OwnEnvironment;

/// Returns the current directory.
///
/// # Errors
/// Returns an error if it was removed or cannot be read.
pub fn current_directory() -> Result<PathBuf, CommandError> {
    std::env::current_dir()
        .map_err(|error| CommandError::cannot("find", "the current directory", error).hint("change to one that exists"))
}

/// Returns an inspector for this process.
#[must_use]
pub const fn inspector(here: &'static CurrentProcess) -> AgentInspector<'static> {
    AgentInspector::new(&MACHINE, &ENVIRONMENT, here)
}

/// Returns the environment with the user's own variables for the location of the configuration.
#[must_use]
pub fn with_user_config(env: StateDirEnv) -> StateDirEnv {
    match here() {
        Ok(here) => baton_engine::config::with_user_config(&inspector(here), env),
        Err(_) => env,
    }
}

/// The context of a command.
pub struct Context {
    here: &'static CurrentProcess,
    inspector: AgentInspector<'static>,
    catalogue: LazyCatalogue,
    settings: Settings,
}

impl Context {
    /// Identifies the host and opens the state.
    ///
    /// # Errors
    /// Returns an error if the host cannot be identified, or if the state directory must not be used.
    pub fn open() -> Result<Self, CommandError> {
        let here = here()?;
        let directory = std::env::current_dir().ok();
        let env = StateDirEnv::from_process();
        let home = StateDir::resolve(&env, directory.as_deref(), &here.place)?;
        let store = Store::open(&home, &here.place);
        let catalogue = LazyCatalogue::new(&store);
        Ok(Self {
            here,
            inspector: inspector(here),
            catalogue,
            settings: Settings::new(env, with_user_config, directory),
        })
    }

    /// Returns the state.
    #[must_use]
    pub const fn store(&self) -> &Store {
        self.catalogue.store()
    }

    /// Returns the catalogue of the state.
    #[must_use]
    pub const fn catalogue(&self) -> &LazyCatalogue {
        &self.catalogue
    }

    /// Returns the settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the inspector of launches.
    #[must_use]
    pub const fn inspector(&self) -> &AgentInspector<'static> {
        &self.inspector
    }

    /// Returns the boot, machine and pid namespace of this process.
    #[must_use]
    pub const fn place(&self) -> &HostId {
        &self.here.place
    }

    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inspector.now()
    }

    /// Creates a search for sessions that no hook announced.
    ///
    /// # Errors
    /// See [`Self::retention`]. The search needs the retention limits because it does not register what would be
    /// archived at once.
    pub fn discovery(&self, bounds: Bounds) -> Result<Discovery<'_>, CommandError> {
        Ok(Discovery {
            store: self.store(),
            inspector: &self.inspector,
            policy: self.retention()?,
            now: self.now(),
            bounds,
        })
    }

    /// Returns how long ended sessions are kept.
    ///
    /// # Errors
    /// Returns an error if the user configured this and it cannot be read. Retention never archives by other limits
    /// than the user's.
    pub fn retention(&self) -> Result<&Retention, CommandError> {
        let kept = &self.settings.config().retention;
        match self.settings.problem() {
            Some(problem) => Err(CommandError::failed(problem.in_one_line())),
            None => Ok(kept),
        }
    }

    /// Takes the lock. Prints warnings about the state on stderr.
    ///
    /// # Errors
    /// Returns an error if the lock is not available in time.
    pub fn lock(&self) -> Result<LockedStore<'_>, CommandError> {
        let mut locked = self.store().lock(Instant::now() + LOCK_WAIT, &self.now())?;
        for report in locked.take_reports() {
            output::notice(&report);
        }
        Ok(locked)
    }

    /// Returns the account's home directory. No environment variable can change it.
    #[must_use]
    pub fn account_home(&self) -> Option<PathBuf> {
        self.settings.account_home()
    }
}
