//! What the machine shows of a launch that is in the records.

use std::path::Path;

use agent_baton_core::process::{LockSight, Probe, Process, Sight};
use agent_baton_core::session::{Launch, Session};

use super::Witness;
use crate::machine::Machine;
use crate::machine::environment::Environment;
use crate::machine::sight::{is_local, lock_sight, sight};

impl<M: Machine, E: Environment> Witness<'_, M, E> {
    /// What the machine shows of a process.
    #[must_use]
    pub fn sight(&self, process: &Process) -> Sight {
        sight(self.machine, process, &self.here.place)
    }

    /// What the machine shows of a launch: its process, what the agent's own file says, and the lock it was seen to hold.
    ///
    /// The process is looked at last. It may end while this looks, and must not be called living by its end's first half.
    #[must_use]
    pub fn probe(&self, session: &Session, launch: &Launch) -> Probe {
        let process = &launch.process;
        let local = is_local(process, &self.here.place);
        let lock = match &launch.lock {
            None => LockSight::None,
            Some(path) if local => lock_sight(process.pid, Path::new(path), self.locks()),
            Some(_) => LockSight::Unreadable,
        };
        Probe {
            session: session.id.clone(),
            process: process.clone(),
            shows: if local { self.shows(session.agent, process) } else { None },
            lock,
            sight: self.sight(process),
        }
    }
}
