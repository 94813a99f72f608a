//! Whether a launch lives.

use crate::draft::Draft;
use crate::protocol::process::{CommandProbe, HostId, Live, LockState, Probe, ProcessState};
use crate::protocol::request::{Input, Request};
use crate::protocol::run::Run;
use crate::protocol::session::{Launch, Session};

/// Whether `launch` of `session` lives, by its record, by what the machine showed, and by what else its process announced.
#[must_use]
pub fn launch_liveness(request: &Request, draft: &Draft, session: &Session, launch: &Launch) -> Live {
    let local = is_local(&request.place, launch);
    if launch.ended.is_none() && local && is_of_event(request, session, launch) {
        return Live::Yes;
    }
    if local && showed_another_since(draft, session, launch) {
        return Live::No;
    }
    from_probes(&request.place, &request.snapshot.probes, session, launch)
}

/// Whether a launch lives, by its record and by what the machine showed of it alone.
///
/// `No` is tested first: one proof of an end outweighs everything that could not be read.
#[must_use]
pub fn from_probes(place: &HostId, probes: &[Probe], session: &Session, launch: &Launch) -> Live {
    let process = &launch.process;
    if launch.ended.is_some() {
        return Live::No;
    }
    if process.machine != place.machine || process.pidns != place.pidns {
        return Live::Unknown;
    }
    if process.boot != place.boot {
        return Live::No;
    }
    match probes.iter().find(|probe| probe.session == session.id && probe.process == *process) {
        Some(probe) if proves_end(session, probe) => Live::No,
        Some(probe) if probe.sight == ProcessState::Running && probe.lock != LockState::Unreadable => Live::Yes,
        _ => Live::Unknown,
    }
}

/// Whether a command's run is still driven, by what the machine showed. It is over where the supervisor and the command are both gone;
/// a lock that is held without them says that somebody is there whom nobody knows.
#[must_use]
pub fn supervisor_liveness(place: &HostId, probes: &[CommandProbe], run: &Run) -> Live {
    let owner = &run.owner;
    if owner.process.machine != place.machine || owner.process.pidns != place.pidns {
        return Live::Unknown;
    }
    if owner.process.boot != place.boot {
        return Live::No;
    }
    let of =
        |probe: &&CommandProbe| probe.run == run.id && probe.supervisor == owner.process && probe.child == owner.child;
    let Some(probe) = probes.iter().find(of) else { return Live::Unknown };
    let sights = [Some(probe.sight), probe.child_sight];
    if sights.contains(&Some(ProcessState::Running)) {
        return Live::Yes;
    }
    let gone = |sight: &Option<ProcessState>| *sight != Some(ProcessState::Unreadable);
    let free = matches!(probe.lock, LockState::Released);
    if free && sights.iter().all(gone) { Live::No } else { Live::Unknown }
}

/// Whether the launch is of this boot, machine and pid namespace.
fn is_local(place: &HostId, launch: &Launch) -> bool {
    let process = &launch.process;
    process.machine == place.machine && process.pidns == place.pidns && process.boot == place.boot
}

/// The process that sent an event of this session lives, and shows it.
fn is_of_event(request: &Request, session: &Session, launch: &Launch) -> bool {
    match &request.input {
        Input::Event(event) => {
            event.session.as_ref() == Some(&session.id) && event.process.as_ref() == Some(&launch.process)
        }
        Input::Command(_) => false,
    }
}

fn proves_end(session: &Session, probe: &Probe) -> bool {
    let shows_another = session.agent.shows_one_session() && probe.shows.as_ref().is_some_and(|id| *id != session.id);
    matches!(probe.sight, ProcessState::Gone | ProcessState::Zombie | ProcessState::Reused)
        || shows_another
        || probe.lock == LockState::Released
}

/// An agent that shows one session at a time has left this one when the same process announced another since.
fn showed_another_since(draft: &Draft, session: &Session, launch: &Launch) -> bool {
    session.agent.shows_one_session()
        && draft
            .sessions()
            .filter(|other| other.id != session.id)
            .any(|other| other.launch(&launch.process).is_some_and(|newer| newer.started.is_after(&launch.started)))
}
