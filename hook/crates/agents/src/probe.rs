//! Probes the launches and commands that are in the records.

use std::path::Path;

use agent_baton_core::process::{CommandProbe, LockState, Probe};
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};

use super::AgentInspector;
use baton_system::ProcessLookup;
use baton_system::lock_table::FileId;
use baton_system::process_state::{is_local, lock_state, process_state};

impl AgentInspector<'_> {
    /// Probes a launch: its process, the session that the agent's own file names, and the lock that the launch was
    /// seen to hold.
    ///
    /// The process is looked up last. If it ends during the probe, the probe must not report it as alive.
    #[must_use]
    pub fn probe(&self, session: &Session, launch: &Launch) -> Probe {
        let process = &launch.process;
        let local = is_local(process, self.host());
        let lock = match &launch.lock {
            None => LockState::None,
            Some(path) if local => lock_state(process.pid, Path::new(path), self.lock_table()),
            Some(_) => LockState::Unreadable,
        };
        let shows = if local { self.displayed_session(session.agent, process) } else { None };
        let lookup = if local { self.process(process.pid) } else { ProcessLookup::Unreadable };
        let program = match &lookup {
            // Without the program of then, there is nothing to compare.
            ProcessLookup::Found(stat) if launch.program.is_some() => Some(self.program(stat)),
            _ => None,
        };
        let state = process_state(process, self.host(), |_| lookup);
        Probe { session: session.id.clone(), process: process.clone(), state, shows, lock, program }
    }

    /// Returns the pid that holds a supervisor's lock file, or `None` if no process holds it.
    ///
    /// # Errors
    /// Returns an error if the holder cannot be determined.
    pub fn lock_holder(&self, lock: &Path) -> Result<Option<u32>, LockTableUnavailable> {
        match FileId::from_path(lock) {
            Ok(file) => self.lock_table().map(|locks| locks.holders(file).first().copied()).ok_or(LockTableUnavailable),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(_) => Err(LockTableUnavailable),
        }
    }

    /// Probes a command and its supervisor, whose lock file is `lock`.
    ///
    /// The lock is read first. If a new supervisor takes it over during the probe, the process lookup still finds
    /// that supervisor.
    #[must_use]
    pub fn probe_command(&self, run: &Run, lock: &Path) -> CommandProbe {
        let owner = &run.owner;
        let held = match self.lock_holder(lock) {
            // A lock that this call itself holds is not the old supervisor's.
            Ok(Some(pid)) if pid != std::process::id() => LockState::Held,
            Ok(_) => LockState::Released,
            Err(LockTableUnavailable) => LockState::Unreadable,
        };
        CommandProbe {
            run: run.id.clone(),
            supervisor: owner.process.clone(),
            // Probe the command after the supervisor, which could still start it.
            state: self.process_state(&owner.process),
            child: owner.child.clone(),
            child_state: owner.child.as_ref().map(|child| self.process_state(child)),
            lock: held,
            survivors: Vec::new(),
        }
    }
}

/// The lock table or the lock file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockTableUnavailable;
