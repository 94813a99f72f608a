//! Cleans up older sessions of the same pane or process.

use crate::decision::Location;
use crate::id::SessionId;
use crate::pane::Pane;
use crate::process::{Live, Process};
use crate::reason::Reason;
use crate::rules::context::EventContext;
use crate::session::{Ended, Session};

/// The maximum number of older sessions that one event changes. The next event continues.
const MAX_OLDER: usize = 8;

/// What happened to the older sessions.
#[derive(Clone, Copy, Default)]
pub struct Outcome {
    /// Empty sessions were superseded.
    pub superseded: bool,
    /// Ended launches lost their pane.
    pub pane_reused: bool,
}

/// What to do with one older session.
enum Row {
    /// The session is empty, no process shows it, and it shares the pane or the process.
    Supersede,
    /// These processes of the session are gone, and their pane shows another session.
    LeavePane(Vec<Process>),
    /// The session stays as it is. Two live processes in one pane, several sessions in one Codex process, or one
    /// session in two windows are legitimate.
    Keep,
}

/// Applies the table to the neighbours of a session that a process has just started to show.
pub fn apply(cx: &mut EventContext<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut changed = 0;
    for id in neighbours(cx) {
        if changed == MAX_OLDER {
            break;
        }
        match row(cx, &id) {
            Row::Supersede => {
                supersede(cx, &id);
                outcome.superseded = true;
            }
            Row::LeavePane(ended) => {
                leave_pane(cx, &id, &ended);
                outcome.pane_reused = true;
            }
            Row::Keep => continue,
        }
        changed += 1;
    }
    outcome
}

fn row(cx: &EventContext<'_>, id: &SessionId) -> Row {
    let Some(session) = cx.rules.draft.session(id) else { return Row::Keep };
    let shares_process = session.launch(cx.process).is_some();
    let pane = Some(&cx.event.pane).filter(|pane| pane.is_known());
    let shares_pane = session.launches.iter().any(|launch| Some(&launch.pane) == pane);
    if (shares_process || shares_pane) && is_empty(cx, session) {
        return Row::Supersede;
    }
    let mut ended = Vec::new();
    for launch in &session.launches {
        let in_pane = Some(&launch.pane) == pane && launch.process != *cx.process;
        if in_pane && cx.rules.launch_liveness(session, launch) == Live::No {
            ended.push(launch.process.clone());
        }
    }
    if ended.is_empty() { Row::Keep } else { Row::LeavePane(ended) }
}

fn neighbours(cx: &EventContext<'_>) -> Vec<SessionId> {
    let mut found = Vec::new();
    for session in cx.rules.draft.sessions() {
        let superseded = session.ended.as_ref().is_some_and(|ended| ended.reason == Reason::Superseded);
        if session.id != *cx.session && !superseded {
            found.push(session.id.clone());
        }
    }
    found
}

fn is_empty(cx: &EventContext<'_>, session: &Session) -> bool {
    !session.prompted
        && !session.has_context
        && !session.pinned
        && session.runs.is_empty()
        && session.launches.iter().all(|launch| cx.rules.launch_liveness(session, launch) == Live::No)
}

fn supersede(cx: &mut EventContext<'_>, id: &SessionId) {
    let at = cx.rules.now().clone();
    if let Some(session) = cx.rules.draft.session_mut(id) {
        session.ended = Some(Ended { at, reason: Reason::Superseded });
    }
    cx.rules.draft.move_session(id, Location::Archive);
}

/// Removes the pane from launches that have ended.
fn leave_pane(cx: &mut EventContext<'_>, id: &SessionId, ended: &[Process]) {
    let Some(session) = cx.rules.draft.session_mut(id) else { return };
    for launch in &mut session.launches {
        if ended.contains(&launch.process) {
            launch.pane = Pane::Unknown;
        }
    }
}
