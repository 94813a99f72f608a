//! What the checks look at.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Location;
use agent_baton_core::process::{Live, Process};
use agent_baton_core::timestamp::Timestamp;
use serde_json::Value;

use crate::context::{here, inspector};
use crate::error::CommandError;
use baton_installer::InstallError;
use baton_installer::config_file::ConfigFile;
use baton_installer::find_hooks::{self, FoundHook};
use baton_installer::json_edit;
use baton_installer::locations::{DetectedAgent, Locations, Scope};
use baton_store::{StateDir, StateDirEnv, StateDirError, Store};
use baton_system::child::run_with_timeout;
use baton_system::{CurrentProcess, CurrentSystem, System};

/// How long a program may take to say its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// The most of its answer that is read, in bytes.
const MAX_VERSION_BYTES: usize = 4096;

/// The user's installation.
pub struct Installation {
    /// Whether to put right what can be.
    pub fix: bool,
    /// Where the user's files are.
    pub locations: Locations,
    /// Where this runs.
    pub here: &'static CurrentProcess,
    /// The present moment.
    pub now: Timestamp,
    /// The state directory, or why it cannot be used.
    pub home: Result<StateDir, StateDirError>,
    /// The store, where the directory exists and can be used.
    pub store: Option<Store>,
}

/// A file of an agent with its hooks.
pub struct HooksFile {
    /// Its path.
    pub path: PathBuf,
    /// What it holds.
    pub value: Value,
    /// Its calls of baton.
    pub calls: Vec<FoundHook>,
}

impl Installation {
    /// Finds it.
    ///
    /// # Errors
    /// Where HOME says nothing, or the machine does not say where this runs.
    pub fn inspect(fix: bool) -> Result<Self, CommandError> {
        let here = here()?;
        let find = || StateDir::resolve(&StateDirEnv::from_process(), None, &here.place);
        let mut home = find();
        if fix
            && let Err(StateDirError::Mode { path, .. }) = &home
            && Store::restrict_permissions(path).is_ok()
        {
            home = find();
        }
        let there = home.as_ref().ok().filter(|home| home.path().exists());
        let store = there.map(|home| Store::open(home, &here.place));
        let now = CurrentSystem.now(&here.place);
        Ok(Self { fix, locations: Locations::from_environment()?, here, now, home, store })
    }

    /// Each agent that is there.
    pub fn agents(&self) -> Vec<(Agent, DetectedAgent)> {
        let there = |agent: &Agent| {
            Locations::detect_agent(*agent).ok().filter(|found| found.configured || found.program.is_some())
        };
        Agent::ALL.iter().filter_map(|agent| Some((*agent, there(agent)?))).collect()
    }

    /// The pids of an agent's processes that live and were heard of.
    pub fn live_pids(&self, agent: Agent) -> BTreeSet<u32> {
        let Some(store) = &self.store else { return BTreeSet::new() };
        let sessions = store.sessions(Location::Live).unwrap_or_default().into_iter();
        let sessions = sessions.filter_map(|id| store.read(|view| view.session(&id).record().cloned()).ok().flatten());
        let launches = sessions.filter(|session| session.agent == agent).flat_map(|session| session.launches);
        let inspector = inspector(self.here).caching();
        let is_alive = |process: &Process| inspector.process_liveness(process).live == Live::Yes;
        launches.map(|launch| launch.process).filter(is_alive).map(|process| process.pid).collect()
    }

    /// The files of an agent that hold hooks here: the user's, the project's, the user's in this project.
    ///
    /// # Errors
    /// The first that cannot be read.
    pub fn hooks(&self, agent: Agent) -> Result<Vec<HooksFile>, InstallError> {
        let mut files: Vec<HooksFile> = Vec::new();
        for scope in [Scope::User, Scope::Project, Scope::Local] {
            let Ok(path) = self.locations.hooks(agent, scope) else { continue };
            let source = ConfigFile::read(&path)?;
            if source.text.is_none() || files.iter().any(|file| file.path == path) {
                continue;
            }
            let value = json_edit::parse(&path, source.text())?.unwrap_or_default();
            let calls = find_hooks::baton_calls(&value, agent);
            files.push(HooksFile { path, value, calls });
        }
        Ok(files)
    }
}

/// The first line that a program prints for `--version`. `None` if it prints nothing in time.
pub fn version(program: &std::path::Path) -> Option<String> {
    let output = run_with_timeout(Command::new(program).arg("--version"), VERSION_TIMEOUT, MAX_VERSION_BYTES);
    String::from_utf8_lossy(&output.ok()??.stdout).lines().next().map(str::to_owned)
}
