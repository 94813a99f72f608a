//! What the machine shows of launches and commands, by the rules that the core decides by.

use agent_baton_core::process::{Live, Process};
use agent_baton_core::run::{Run, RunName};
use agent_baton_core::supervisor_claim::SupervisorClaim;

use super::{Context, MACHINE};
use crate::error::CommandError;
use baton_agents::Lineage;
use baton_engine::liveness::LivenessCheck;
use baton_protect::participants::{Participants, ProbeCache};
use baton_protect::state::Participant;
use baton_store::StoreError;
use baton_system::process_stat::ProcessStat;
use baton_system::{ProcessLookup, System, identity};

/// One look at this machine.
pub type SystemLiveness = LivenessCheck<'static>;

impl Context {
    /// The process that has a pid now.
    #[must_use]
    pub fn process(&self, pid: u32) -> Option<Process> {
        match MACHINE.process(pid) {
            ProcessLookup::Found(stat) if !stat.ended => Some(identity(&stat, &self.here.place)),
            _ => None,
        }
    }

    /// What the machine shows of this process itself.
    #[must_use]
    pub fn own_process(&self) -> Option<ProcessStat> {
        match MACHINE.process(std::process::id()) {
            ProcessLookup::Found(stat) => Some(stat),
            ProcessLookup::Gone | ProcessLookup::Unreadable => None,
        }
    }

    /// The agents above this command.
    #[must_use]
    pub fn lineage(&self) -> Option<Lineage> {
        self.inspector.lineage()
    }

    /// What the environment claims of a command above.
    #[must_use]
    pub fn supervisor_claim(&self) -> Option<SupervisorClaim> {
        self.inspector.supervisor_claim(None)
    }

    /// A variable that a process was started with; none where that cannot be read.
    #[must_use]
    pub fn variable(&self, process: &Process, name: &str) -> Option<String> {
        MACHINE.variable(process.pid, name)
    }

    /// One look at the machine, for as many sessions as are asked about.
    #[must_use]
    pub fn liveness_check(&self) -> SystemLiveness {
        LivenessCheck::new(&self.inspector)
    }

    /// Whether a run's owner lives, by this look.
    #[must_use]
    pub fn owner_liveness(&self, census: &SystemLiveness, run: &Run) -> Live {
        let Some(id) = &run.owner.session else {
            return census.command(run, &self.store.supervisor_lock_path(run.project.as_deref(), &run.name));
        };
        let Ok((session, _)) = self.session(id) else { return Live::Unknown };
        session.launch(&run.owner.process).map_or(Live::Unknown, |launch| census.launch(&session, launch).live)
    }

    /// Who of a project's launches is there, as the rules see it; `present` are those that came in.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn participants(
        &self,
        project: &str,
        participants: &[Participant],
    ) -> Result<(Participants, ProbeCache), CommandError> {
        let participants = match self.read(|view| Participants::read(view, project, participants))? {
            // Who was not looked at counts as there; the holder of the lock has the index.
            Err(StoreError::IndexMissing { .. }) => {
                self.read(|view| Participants::from_participants(view, participants))?
            }
            participants => participants?,
        };
        let probes = self.probe_participants(&participants, ProbeCache::default());
        Ok((participants, probes))
    }

    /// Looks at the launches of a project that were not looked at before.
    #[must_use]
    pub fn probe_participants(&self, participants: &Participants, before: ProbeCache) -> ProbeCache {
        participants.probe(&self.inspector, before)
    }

    /// The processes of a command's run, for a user; and who else holds its lock.
    #[must_use]
    pub fn describe_supervised_command(&self, run: &Run) -> String {
        let look = |process| match self.inspector.process_liveness(process).live {
            Live::Yes => "(alive)",
            Live::No => "(gone)",
            Live::Unknown => "(liveness unknown)",
        };
        let owner = &run.owner;
        let child = owner.child.as_ref();
        let child = child.map_or_else(String::new, |child| format!(", its command pid {} {}", child.pid, look(child)));
        let holder = self.describe_lock_holder(run.project.as_deref(), &run.name, Some(owner.process.pid));
        format!("supervisor pid {} {}{child}{holder}", owner.process.pid, look(&owner.process))
    }

    /// Who holds the lock of a name in a project, for a user; empty where nobody does but this very call, or the one that is named.
    #[must_use]
    pub fn describe_lock_holder(&self, project: Option<&str>, name: &RunName, named: Option<u32>) -> String {
        match self.inspector.lock_holder(&self.store.supervisor_lock_path(project, name)) {
            Ok(None) => String::new(),
            Ok(Some(pid)) if pid == std::process::id() || Some(pid) == named => String::new(),
            Ok(Some(0)) => "; its lock is held by a process that cannot be seen from here".to_owned(),
            Ok(Some(pid)) => format!("; its lock is held by pid {pid}"),
            Err(_) => "; who holds its lock cannot be read".to_owned(),
        }
    }
}
