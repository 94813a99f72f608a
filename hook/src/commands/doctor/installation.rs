//! The installation that the checks examine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Location;
use agent_baton_core::process::{Live, Process};
use agent_baton_core::timestamp::Timestamp;
use serde_json::Value;

use baton_system::here;

use crate::context::{inspector, with_user_config};
use crate::error::CommandError;
use crate::output;
use baton_catalogue::LazyCatalogue;
use baton_engine::config::Settings;
use baton_fs::child::run_with_timeout;
use baton_installer::InstallError;
use baton_installer::agents::{config, policies};
use baton_installer::config_file::ConfigFile;
use baton_installer::find_hooks::{self, FoundHook};
use baton_installer::json_edit;
use baton_installer::locations::{DetectedAgent, Locations, Scope};
use baton_installer::policies::{Policies, PolicyPlaces};
use baton_store::{StateDir, StateDirEnv, StateDirError, Store};
use baton_system::{CurrentProcess, CurrentSystem, System};

/// How long a program may take to print its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// How long moving files to the quarantine waits for the lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How many bytes of its output are read at most.
const MAX_VERSION_BYTES: usize = 4096;

/// The user's installation.
pub struct Installation {
    /// Whether to repair what is safe to repair.
    pub fix: bool,
    /// Whether to check every file of the state.
    pub all: bool,
    /// Where the user's files are.
    pub locations: Locations,
    /// The boot, machine and pid namespace of this process.
    pub here: &'static CurrentProcess,
    /// The current time.
    pub now: Timestamp,
    /// The state directory, or why it cannot be used.
    pub home: Result<StateDir, StateDirError>,
    /// Why an event in the current directory cannot use the state directory, although others can.
    pub refused_here: Option<StateDirError>,
    /// The store, if the directory exists and can be used.
    pub store: Option<Store>,
    /// Its catalogue.
    pub catalogue: Option<LazyCatalogue>,
    /// The user's configuration.
    pub settings: Settings,
}

/// A file of an agent with its hooks.
pub struct HooksFile {
    /// Its path.
    pub path: PathBuf,
    /// Its content.
    pub value: Value,
    /// Its calls of baton.
    pub calls: Vec<FoundHook>,
}

impl Installation {
    /// Inspects the installation.
    ///
    /// # Errors
    /// Returns an error if `HOME` does not name a directory, or if the host cannot be identified.
    pub fn inspect(fix: bool, all: bool) -> Result<Self, CommandError> {
        let here = here()?;
        let find = || StateDir::resolve(&StateDirEnv::from_process(), None, &here.place);
        let mut home = find();
        if fix
            && let Err(StateDirError::Mode { path, .. }) = &home
            && Store::restrict_permissions(path).is_ok()
        {
            home = find();
        }
        let directory = std::env::current_dir().ok();
        let in_directory = StateDir::resolve(&StateDirEnv::from_process(), directory.as_deref(), &here.place);
        let refused_here = in_directory.err().filter(|_| home.is_ok());
        let there = home.as_ref().ok().filter(|home| home.path().exists());
        let store = there.map(|home| Store::open(home, &here.place));
        let now = CurrentSystem.now(&here.place);
        let settings = Settings::new(StateDirEnv::from_process(), with_user_config, directory);
        let catalogue = store.as_ref().map(LazyCatalogue::new);
        let locations = Locations::from_environment()?;
        Ok(Self { fix, all, locations, here, now, home, refused_here, store, catalogue, settings })
    }

    /// Moves the files of the state that cannot be used to the quarantine, and tells the user which.
    ///
    /// # Errors
    /// Returns an error if the state cannot be locked, or if a file cannot be moved.
    pub fn quarantine(&self) -> Result<(), CommandError> {
        let Some(store) = &self.store else { return Ok(()) };
        let texts = store.quarantine_unusable(Instant::now() + LOCK_TIMEOUT, &self.now)?;
        texts.iter().for_each(|text| output::notice(text));
        if !texts.is_empty() {
            // This rebuilds the index, which may name what is gone.
            store.lock(Instant::now() + LOCK_TIMEOUT, &self.now)?;
        }
        Ok(())
    }

    /// Returns each agent that is installed.
    pub fn agents(&self) -> Vec<(Agent, DetectedAgent)> {
        let there = |agent: &Agent| {
            Locations::detect_agent(*agent).ok().filter(|found| found.configured || found.program.is_some())
        };
        Agent::ALL.iter().filter_map(|agent| Some((*agent, there(agent)?))).collect()
    }

    /// Returns the pids of an agent's live processes that have called baton.
    pub fn live_pids(&self, agent: Agent) -> BTreeSet<u32> {
        let Some(store) = &self.store else { return BTreeSet::new() };
        let sessions = store.sessions(Location::Live).unwrap_or_default().into_iter();
        let sessions = sessions.filter_map(|id| store.read(|view| view.session(&id).record().cloned()).ok().flatten());
        let launches = sessions.filter(|session| session.agent == agent).flat_map(|session| session.launches);
        let inspector = inspector(self.here).caching();
        let is_alive = |process: &Process| inspector.process_liveness(process).live == Live::Yes;
        launches.map(|launch| launch.process).filter(is_alive).map(|process| process.pid).collect()
    }

    /// Returns the files that contain an agent's hooks here: the user's, the project's, and the user's in this
    /// project.
    ///
    /// # Errors
    /// Returns the error of the first file that cannot be read.
    pub fn hooks(&self, agent: Agent) -> Result<Vec<HooksFile>, InstallError> {
        let mut files: Vec<HooksFile> = Vec::new();
        for scope in [Scope::User, Scope::Project, Scope::Local] {
            let Ok(path) = self.locations.hooks(agent, scope) else { continue };
            let Some(text) = ConfigFile::read_text(&path)? else { continue };
            if files.iter().any(|file| file.path == path) {
                continue;
            }
            let value = json_edit::parse(&path, &text)?.unwrap_or_default();
            let calls = find_hooks::baton_calls(&value, &config(agent).hooks);
            files.push(HooksFile { path, value, calls });
        }
        Ok(files)
    }

    /// Returns what may keep an agent from running hooks at all.
    pub fn policies(&self, agent: Agent) -> Policies {
        let Ok(detected) = Locations::detect_agent(agent) else { return Policies::default() };
        let places = PolicyPlaces { etc: Path::new("/etc"), home: &detected.dir, project: self.locations.project() };
        policies(agent, &places)
    }
}

/// Returns the first line that a program prints for `--version`, or `None` if it prints nothing in time.
pub fn version(program: &std::path::Path) -> Option<String> {
    let output = run_with_timeout(Command::new(program).arg("--version"), VERSION_TIMEOUT, MAX_VERSION_BYTES);
    String::from_utf8_lossy(&output.ok()??.stdout).lines().next().map(str::to_owned)
}
