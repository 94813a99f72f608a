//! Decides whether a process, a launch or the supervisor of a run is alive, and on what evidence.
//!
//! **Architecture invariant.** These are the only functions in baton that answer this question. The host calls them
//! too.

use crate::agent::Agent;
use crate::fleet::FleetOwner;
use crate::liveness::{Evidence, Liveness};
use crate::process::{CommandProbe, HostId, Live, LockState, Probe, Process, ProcessState};
use crate::request::Input;
use crate::rules::context::RuleContext;
use crate::run::Run;
use crate::session::{Launch, Session};

/// Returns whether a process is alive, according to what a probe found.
#[must_use]
pub fn from_process_state(host: &HostId, process: &Process, state: ProcessState) -> Liveness {
    if let Some(liveness) = elsewhere(host, process) {
        return liveness;
    }
    match state {
        ProcessState::Running => Liveness::yes(Evidence::Running),
        ProcessState::Gone => Liveness::no(Evidence::Gone),
        ProcessState::Zombie => Liveness::no(Evidence::Zombie),
        ProcessState::Reused => Liveness::no(Evidence::PidReused),
        ProcessState::Unreadable => Liveness::unknown(Evidence::Unreadable),
    }
}

/// Returns whether a launch is alive, according to its record and its probe.
///
/// The proofs of an end come first. One of them outweighs everything that could not be read.
#[must_use]
pub fn from_probe(host: &HostId, probe: Option<&Probe>, session: &Session, launch: &Launch) -> Liveness {
    if launch.ended.is_some() {
        return Liveness::no(Evidence::EndRecorded);
    }
    if let Some(liveness) = elsewhere(host, &launch.process) {
        return liveness;
    }
    let Some(probe) = probe else {
        return Liveness::unknown(Evidence::Unreadable);
    };
    let shows_another = session.agent.shows_one_session() && probe.shows.as_ref().is_some_and(|id| *id != session.id);
    match (probe.state, probe.lock) {
        (ProcessState::Gone, _) => Liveness::no(Evidence::Gone),
        (ProcessState::Zombie, _) => Liveness::no(Evidence::Zombie),
        (ProcessState::Reused, _) => Liveness::no(Evidence::PidReused),
        (_, LockState::Released) => Liveness::no(Evidence::LockReleased),
        _ if shows_another => Liveness::no(Evidence::ShowsAnother),
        (ProcessState::Unreadable, _) | (_, LockState::Unreadable) => Liveness::unknown(Evidence::Unreadable),
        (ProcessState::Running, LockState::Held) => Liveness::yes(Evidence::LockHeld),
        (ProcessState::Running, LockState::None) => judge_program(session.agent, launch, probe),
    }
}

/// Returns whether a process that runs is still the agent, according to the program that it executes.
///
/// Both a process and its program can be renamed, and an update replaces the file. So only both together prove that the
/// process executed something else. An agent that executed another version of itself is not gone.
fn judge_program(agent: Agent, launch: &Launch, probe: &Probe) -> Liveness {
    let (Some(then), Some(now)) = (&launch.program, &probe.program) else { return Liveness::yes(Evidence::Running) };
    let is_same_file = then.file.as_ref().zip(now.file.as_ref()).map(|(then, now)| then == now);
    match (then.name == now.name, is_same_file) {
        (_, Some(true)) | (true, None) => Liveness::yes(Evidence::Running),
        (false, Some(false)) if !now.name.starts_with(agent.name()) => Liveness::no(Evidence::OtherProgram),
        (true, Some(false)) | (false, _) => Liveness::unknown(Evidence::ChangedProgram),
    }
}

/// Returns whether a launch is alive, according to its record and the matching probe in `probes`.
#[must_use]
pub fn from_probes(host: &HostId, probes: &[Probe], session: &Session, launch: &Launch) -> Liveness {
    let probe = probes.iter().find(|probe| probe.session == session.id && probe.process == launch.process);
    from_probe(host, probe, session, launch)
}

/// Returns whether a supervised run still has its supervisor, its command or a process that the command left behind. It
/// has none of them if all are gone and no process holds the supervisor's lock. If all are gone but the lock is held, the
/// answer is unknown, because an unrecorded process holds it.
#[must_use]
pub fn supervisor_liveness(host: &HostId, probes: &[CommandProbe], run: &Run) -> Live {
    let owner = &run.owner;
    if let Some(liveness) = elsewhere(host, &owner.process) {
        return liveness.live;
    }
    let is_of_run =
        |probe: &&CommandProbe| probe.run == run.id && probe.supervisor == owner.process && probe.child == owner.child;
    let Some(probe) = probes.iter().find(is_of_run) else { return Live::Unknown };
    match (probe.state, probe.child_state, probe.lock) {
        (ProcessState::Running, _, _) | (_, Some(ProcessState::Running), _) => Live::Yes,
        (ProcessState::Unreadable, _, _) | (_, Some(ProcessState::Unreadable), _) => Live::Unknown,
        _ if !probe.survivors.is_empty() => Live::Yes,
        (_, _, LockState::Released) => Live::No,
        (_, _, LockState::None | LockState::Held | LockState::Unreadable) => Live::Unknown,
    }
}

/// Returns the verdict on a process that this host cannot probe, or `None` if this host can probe it.
fn elsewhere(host: &HostId, process: &Process) -> Option<Liveness> {
    if process.machine != host.machine {
        Some(Liveness::unknown(Evidence::OtherMachine))
    } else if process.pidns != host.pidns {
        Some(Liveness::unknown(Evidence::OtherNamespace))
    } else if process.boot != host.boot {
        Some(Liveness::no(Evidence::Rebooted))
    } else {
        None
    }
}

impl RuleContext<'_> {
    /// Returns whether a launch is alive, according to its record, its probe, and the other sessions that its process
    /// announced.
    #[must_use]
    pub fn launch_liveness(&self, session: &Session, launch: &Launch) -> Live {
        let host = &self.request.place;
        let local = elsewhere(host, &launch.process).is_none();
        if launch.ended.is_none() && local && self.sent_the_event(session, launch) {
            return Live::Yes;
        }
        if local && self.announced_another_since(session, launch) {
            return Live::No;
        }
        from_probes(host, &self.request.snapshot.probes, session, launch).live
    }

    /// Returns whether the owner of a run is alive.
    ///
    /// The records of this machine say nothing about a process of another one. A cloned disk has the machine id of its
    /// original, and its restart proves nothing about the original's processes. So they count only if the owner is here.
    /// Where they leave it open, an owner whose lease has not ended counts as alive.
    #[must_use]
    pub fn owner_liveness(&self, run: &Run) -> Live {
        match self.fleet_owner(run) {
            None | Some(FleetOwner::Here { lapsed: true }) => self.local_owner_liveness(run),
            Some(FleetOwner::Here { lapsed: false }) => match self.local_owner_liveness(run) {
                Live::Unknown => Live::Yes,
                live => live,
            },
            Some(FleetOwner::Held) => Live::Yes,
            Some(FleetOwner::Ended | FleetOwner::HandedOver) => Live::No,
            Some(FleetOwner::Lapsed | FleetOwner::Unreachable) => Live::Unknown,
        }
    }

    /// Returns whether the owner of a run is alive, according to this machine. The answer is unknown if the owner's session
    /// does not record the launch.
    fn local_owner_liveness(&self, run: &Run) -> Live {
        let Some(id) = &run.owner.session else {
            return supervisor_liveness(&self.request.place, &self.request.snapshot.commands, run);
        };
        let Some(session) = self.draft.session(id) else {
            return Live::Unknown;
        };
        session.launch(&run.owner.process).map_or(Live::Unknown, |launch| self.launch_liveness(session, launch))
    }

    /// Returns whether the process of this launch sent the event, and the event is about this session. Such a launch is
    /// alive.
    fn sent_the_event(&self, session: &Session, launch: &Launch) -> bool {
        match &self.request.input {
            Input::Event(event) => {
                event.session.as_ref() == Some(&session.id) && event.process.as_ref() == Some(&launch.process)
            }
            Input::Command(_) => false,
        }
    }

    /// Returns whether the same process has since announced another session. An agent that shows one session at a time
    /// has then left this one.
    fn announced_another_since(&self, session: &Session, launch: &Launch) -> bool {
        let is_newer = |other: &Launch| other.started.is_after(&launch.started, self.now());
        session.agent.shows_one_session()
            && self
                .draft
                .sessions()
                .filter(|other| other.id != session.id)
                .any(|other| other.launch(&launch.process).is_some_and(is_newer))
    }
}
