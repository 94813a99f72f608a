//! What the machine shows of a launch that is in the records.

use std::path::Path;

use agent_baton_core::process::{CommandProbe, LockState, Probe};
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};

use super::AgentInspector;
use baton_system::lock_table::FileId;
use baton_system::process_state::{is_local, lock_state};

impl AgentInspector<'_> {
    /// What the machine shows of a launch: its process, what the agent's own file says, and the lock it was seen to hold.
    ///
    /// The process is looked at last. It may end while this looks, and must not be called living by its end's first half.
    #[must_use]
    pub fn probe(&self, session: &Session, launch: &Launch) -> Probe {
        let process = &launch.process;
        let local = is_local(process, self.host());
        let lock = match &launch.lock {
            None => LockState::None,
            Some(path) if local => lock_state(process.pid, Path::new(path), self.lock_table()),
            Some(_) => LockState::Unreadable,
        };
        Probe {
            session: session.id.clone(),
            process: process.clone(),
            shows: if local { self.displayed_session(session.agent, process) } else { None },
            lock,
            state: self.process_state(process),
        }
    }

    /// Who holds the lock of a supervisor, by its file: none where nobody does. Err where that cannot be told.
    pub fn lock_holder(&self, lock: &Path) -> Result<Option<u32>, LockTableUnavailable> {
        match FileId::from_path(lock) {
            Ok(file) => self.lock_table().map(|locks| locks.holders(file).first().copied()).ok_or(LockTableUnavailable),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(_) => Err(LockTableUnavailable),
        }
    }

    /// What the machine shows of a command and its supervisor, whose lock is the file at `lock`.
    ///
    /// The lock is read first: a supervisor that takes it over meanwhile is then seen by its process at the latest.
    #[must_use]
    pub fn probe_command(&self, run: &Run, lock: &Path) -> CommandProbe {
        let owner = &run.owner;
        let held = match self.lock_holder(lock) {
            // What this very call holds is its own, never the old supervisor's.
            Ok(Some(pid)) if pid != std::process::id() => LockState::Held,
            Ok(_) => LockState::Released,
            Err(LockTableUnavailable) => LockState::Unreadable,
        };
        CommandProbe {
            run: run.id.clone(),
            supervisor: owner.process.clone(),
            // The command is looked at after the supervisor that could still start it.
            state: self.process_state(&owner.process),
            child: owner.child.clone(),
            child_state: owner.child.as_ref().map(|child| self.process_state(child)),
            lock: held,
        }
    }
}

/// The table of locks, or the lock's file, cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockTableUnavailable;
