//! What becomes of older records of the same pane or process.

use crate::draft::Draft;
use crate::protocol::decision::Location;
use crate::protocol::event::Event;
use crate::protocol::id::SessionId;
use crate::protocol::pane::Pane;
use crate::protocol::process::{Live, Process};
use crate::protocol::reason::Reason;
use crate::protocol::request::Request;
use crate::protocol::session::{Ended, Session};
use crate::rules::liveness::launch_liveness;

/// The most older sessions that one event changes; the next event goes on.
const MAX_OLDER: usize = 8;

/// Applies the dedupe rules to the neighbours of a session that a process has just begun to show.
///
/// Only a session that never held anything is superseded. All else is kept: two living processes in one pane, several sessions in
/// one Codex process, one session in two windows are facts, not duplicates.
pub fn apply(request: &Request, draft: &mut Draft, event: &Event, id: &SessionId, process: &Process) -> Vec<Reason> {
    let mut rows = Vec::new();
    for other in neighbours(draft, id) {
        let Some(session) = draft.session(&other) else {
            continue;
        };
        let shares_process = session.launch(process).is_some();
        let shares_pane = event.pane.is_known() && session.launches.iter().any(|launch| launch.pane == event.pane);
        if rows.len() == MAX_OLDER {
            break;
        }
        if is_empty(request, draft, session) && (shares_process || shares_pane) {
            supersede(request, draft, &other);
            rows.push(Reason::Superseded);
        } else if shares_pane && leave_pane(request, draft, &other, event, process) {
            rows.push(Reason::PaneReused);
        }
    }
    rows.dedup();
    rows
}

fn neighbours(draft: &Draft, id: &SessionId) -> Vec<SessionId> {
    let superseded = |session: &Session| session.ended.as_ref().is_some_and(|over| over.reason == Reason::Superseded);
    draft
        .sessions()
        .filter(|session| session.id != *id && !superseded(session))
        .map(|session| session.id.clone())
        .collect()
}

fn is_empty(request: &Request, draft: &Draft, session: &Session) -> bool {
    !session.prompted
        && !session.has_context
        && !session.pinned
        && session.runs.is_empty()
        && session.launches.iter().all(|launch| launch_liveness(request, draft, session, launch) == Live::No)
}

fn supersede(request: &Request, draft: &mut Draft, id: &SessionId) {
    if let Some(session) = draft.session_mut(id) {
        session.ended = Some(Ended { at: request.now.clone(), reason: Reason::Superseded });
    }
    draft.move_session(id, Location::Archive);
}

/// Takes the pane off the launches of another process that are proved over.
fn leave_pane(request: &Request, draft: &mut Draft, id: &SessionId, event: &Event, process: &Process) -> bool {
    let Some(session) = draft.session(id) else {
        return false;
    };
    let over: Vec<Process> = session
        .launches
        .iter()
        .filter(|launch| launch.pane == event.pane && launch.process != *process)
        .filter(|launch| launch_liveness(request, draft, session, launch) == Live::No)
        .map(|launch| launch.process.clone())
        .collect();
    if let Some(session) = draft.session_mut(id) {
        for launch in session.launches.iter_mut().filter(|launch| over.contains(&launch.process)) {
            launch.pane = Pane::Unknown;
        }
    }
    !over.is_empty()
}
