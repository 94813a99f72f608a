//! Whether a launch lives.

use crate::draft::Draft;
use crate::process::{Live, LockSight, Probe, Sight};
use crate::request::{Ask, Request};
use crate::session::{Launch, Session};

/// Whether `launch` of `session` lives, by its record and by what the machine showed.
///
/// `No` is tested first: one proof of an end outweighs everything that could not be read.
#[must_use]
pub fn live(request: &Request, draft: &Draft, session: &Session, launch: &Launch) -> Live {
    let process = &launch.process;
    let place = &request.place;
    if launch.ended.is_some() {
        return Live::No;
    }
    if process.machine != place.machine || process.pidns != place.pidns {
        return Live::Unknown;
    }
    if process.boot != place.boot {
        return Live::No;
    }
    if is_of_event(request, session, launch) {
        return Live::Yes;
    }
    let probe = request.snapshot.probes.iter().find(|probe| probe.session == session.id && probe.process == *process);
    if probe.is_some_and(|probe| proves_end(session, probe)) || showed_another_since(draft, session, launch) {
        return Live::No;
    }
    match probe {
        Some(probe) if probe.sight == Sight::Running && probe.lock != LockSight::Unreadable => Live::Yes,
        _ => Live::Unknown,
    }
}

/// The process that sent an event of this session lives, and shows it.
fn is_of_event(request: &Request, session: &Session, launch: &Launch) -> bool {
    match &request.ask {
        Ask::Event(event) => {
            event.session.as_ref() == Some(&session.id) && event.process.as_ref() == Some(&launch.process)
        }
        Ask::Command(_) => false,
    }
}

fn proves_end(session: &Session, probe: &Probe) -> bool {
    let shows_another = session.agent.shows_one_session() && probe.shows.as_ref().is_some_and(|id| *id != session.id);
    matches!(probe.sight, Sight::Gone | Sight::Zombie | Sight::Reused)
        || shows_another
        || probe.lock == LockSight::Released
}

/// An agent that shows one session at a time has left this one when the same process announced another since.
fn showed_another_since(draft: &Draft, session: &Session, launch: &Launch) -> bool {
    session.agent.shows_one_session()
        && draft
            .sessions()
            .filter(|other| other.id != session.id)
            .any(|other| other.launch(&launch.process).is_some_and(|newer| newer.started.is_after(&launch.started)))
}
