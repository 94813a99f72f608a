//! Determines which launches and commands are alive, by the same rules as the core.

use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::process::{Live, Process, ProcessState};
use agent_baton_core::run::{Run, RunName};
use agent_baton_core::session::Session;

use super::{Context, MACHINE};
use crate::error::CommandError;
use baton_agents::Survivor;
use baton_display::strip_control_chars;
use baton_engine::left_owner::left_for;
use baton_engine::liveness::LivenessCheck;
use baton_protect::participants::{Participants, ProbeCache};
use baton_protect::state::Participant;
use baton_status::{SessionReader, SystemLiveness};
use baton_store::StoreError;
use baton_system::process_stat::ProcessStat;
use baton_system::{ProcessLookup, System, identity};

impl Context {
    /// Returns the process that has this pid now.
    #[must_use]
    pub fn process(&self, pid: u32) -> Option<Process> {
        match MACHINE.process(pid) {
            ProcessLookup::Found(stat) if !stat.ended => Some(identity(&stat, &self.here.place)),
            _ => None,
        }
    }

    /// Returns the status of this process itself.
    ///
    /// # Errors
    /// Returns an error if `/proc` does not show it.
    pub fn own_process(&self) -> Result<ProcessStat, CommandError> {
        match MACHINE.process(std::process::id()) {
            ProcessLookup::Found(stat) => Ok(stat),
            ProcessLookup::Gone | ProcessLookup::Unreadable => {
                Err(CommandError::failed("baton cannot find its own process in /proc"))
            }
        }
    }

    /// Creates a liveness check for any number of sessions.
    #[must_use]
    pub fn liveness_check(&self) -> SystemLiveness {
        LivenessCheck::new(&self.inspector)
    }

    /// Creates a reader of sessions that has probed nothing yet.
    #[must_use]
    pub fn session_reader(&self) -> SessionReader<'_> {
        SessionReader::new(&self.catalogue, &self.inspector, &self.settings)
    }

    /// Returns whether a run's owner is alive, according to this check.
    #[must_use]
    pub fn owner_liveness(&self, liveness: &SystemLiveness, run: &Run) -> Live {
        baton_status::owner_liveness(self.store(), liveness, run)
    }

    /// Returns the session to which the user went on in the window of a run's owner, if they left the owner.
    #[must_use]
    pub fn left_for(&self, run: &Run) -> Option<SessionId> {
        let ids = self.read(|view| view.by_process(&run.owner.process)).ok()?.ok()?;
        let sessions: Vec<Session> = ids.iter().filter_map(|id| Some(self.session(id).ok()?.0)).collect();
        left_for(run, sessions.iter()).cloned()
    }

    /// The living processes that earlier commands of this name in this project left behind; none where that cannot be told.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn survivors(&self, project: Option<&str>, name: &RunName) -> Result<Option<Vec<Survivor>>, CommandError> {
        let is_of_name = |id: &RunId| {
            self.run(id)
                .is_ok_and(|run| run.owner.session.is_none() && run.name == *name && run.project.as_deref() == project)
        };
        let Some(mut found) = self.inspector.survivors() else { return Ok(None) };
        found.retain(|survivor| is_of_name(&survivor.run));
        // An agent whose environment cannot be read is known by its events.
        for session in self.project_sessions()? {
            for launch in session.launches.iter().filter(|launch| launch.ended.is_none()) {
                let Some(run) = launch.iteration_of.as_ref().filter(|run| is_of_name(run)) else { continue };
                let is_known = found.iter().any(|survivor| survivor.process == launch.process);
                if !is_known && self.inspector.process_state(&launch.process) == ProcessState::Running {
                    let comm = session.agent.name().to_owned();
                    found.push(Survivor { run: run.clone(), process: launch.process.clone(), comm });
                }
            }
        }
        Ok(Some(found))
    }

    /// Returns the launches of a project that count for protected files. `present` lists those that entered.
    ///
    /// # Errors
    /// Returns an error if the state cannot be read.
    pub fn participants(
        &self,
        project: &str,
        participants: &[Participant],
    ) -> Result<(Participants, ProbeCache), CommandError> {
        let participants = match self.read(|view| Participants::read(view, project, participants))? {
            // A launch that was not probed counts as present. Under the lock the index exists.
            Err(StoreError::IndexMissing { .. }) => {
                self.read(|view| Participants::from_participants(view, participants))?
            }
            participants => participants?,
        };
        let probes = self.probe_participants(&participants, ProbeCache::default());
        Ok((participants, probes))
    }

    /// Probes the launches of a project that were not probed before.
    #[must_use]
    pub fn probe_participants(&self, participants: &Participants, before: ProbeCache) -> ProbeCache {
        participants.probe(&self.inspector, before)
    }

    /// Describes the processes of a supervised run for a user, and any other holder of its lock.
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
        let survivors = self.inspector.survivors().unwrap_or_default().into_iter().filter(|it| it.run == run.id);
        let survivors: String = survivors
            .filter(|it| it.process != owner.process && Some(&it.process) != owner.child.as_ref())
            .map(|it| format!(", its {} pid {} (alive)", strip_control_chars(&it.comm), it.process.pid))
            .collect();
        format!("supervisor pid {} {}{child}{survivors}{holder}", owner.process.pid, look(&owner.process))
    }

    /// Describes who holds the supervisor lock of a name in a project. Returns an empty text if no process holds it,
    /// or only this one or the one in `named`.
    #[must_use]
    pub fn describe_lock_holder(&self, project: Option<&str>, name: &RunName, named: Option<u32>) -> String {
        match self.inspector.lock_holder(&self.store().supervisor_lock_path(project, name)) {
            Ok(None) => String::new(),
            Ok(Some(pid)) if pid == std::process::id() || Some(pid) == named => String::new(),
            Ok(Some(0)) => "; its lock is held by a process that is not visible from here".to_owned(),
            Ok(Some(pid)) => format!("; its lock is held by pid {pid}"),
            Err(_) => "; baton cannot tell who holds its lock".to_owned(),
        }
    }
}
