//! What is told is told until it is known to have been written out.
//!
//! A hook that dies between its commit and its reply leaves no mark in the session's log, so the next event notifications again: better
//! twice than never. A change of owner is owed to whoever owns the run, the end of a loop to whoever shows the session that owned it; all
//! else to the launch in which it was said.

use crate::draft::Draft;
use crate::protocol::decision::Notification;
use crate::protocol::event::Event;
use crate::protocol::id::SessionId;
use crate::protocol::process::Process;
use crate::protocol::reason::Reason;
use crate::protocol::request::Request;
use crate::protocol::session::NotificationId;
use crate::rules::loops;

/// Tells a change of owner, or the end of a loop, that the session's log does not mark as told, if the event can carry it.
pub fn apply(
    request: &Request,
    draft: &mut Draft,
    event: &Event,
    id: &SessionId,
    process: &Process,
    notifications: &mut Vec<Notification>,
) {
    let Some(told) = draft.session(id).and_then(|session| session.untold.clone()) else {
        return;
    };
    if request.snapshot.told.contains(&told) {
        // The mark will be far back in the log one day: the record must not need it then.
        if let Some(session) = draft.session_mut(id).filter(|_| event.can_notify()) {
            session.untold = None;
        }
        return;
    }
    let standing = draft.run(&told.run).filter(|run| run.fence == told.fence && run.owner.is_session(id));
    let Some(run) = standing else { return };
    if told.reason.ends_loop() {
        if !run.status.is_unfinished() && event.can_notify_user() {
            notifications.push(loops::tell(run, told.reason));
        }
    } else if run.status.is_unfinished() && run.owner.process == *process && event.can_notify() {
        let from = run.history.last().map(|transfer| transfer.from.pane.clone()).unwrap_or_default();
        notifications.push(Notification::Transferred { told, iteration: run.iteration, from });
    }
}

/// Takes back what the launch was told and the log does not mark, so that the rules say it again where it still holds. Gives
/// whether a run that was offered is among it: an offer is made to the session, in whichever of its launches.
pub fn take_back(request: &Request, draft: &mut Draft, event: &Event, id: &SessionId, process: &Process) -> bool {
    let Some(session) = draft.session_mut(id).filter(|_| event.can_notify()) else {
        return false;
    };
    let is_offer = |told: &NotificationId| told.reason == Reason::RunOffered;
    let mut lost = Vec::new();
    for launch in &mut session.launches {
        let own = launch.process == *process;
        let (due, others) = std::mem::take(&mut launch.untold).into_iter().partition(|told| own || is_offer(told));
        launch.untold = others;
        let due: Vec<NotificationId> = due;
        let unmarked: Vec<NotificationId> =
            due.into_iter().filter(|told| !request.snapshot.told.contains(told)).collect();
        launch.told.retain(|told| !unmarked.contains(told));
        lost.extend(unmarked.into_iter().filter(is_offer).map(|told| told.run));
    }
    session.offered.retain(|run| !lost.contains(run));
    !lost.is_empty()
}

/// Notes what this decision says, until its mark is seen.
pub fn note(draft: &mut Draft, id: &SessionId, process: &Process, notifications: &[Notification]) {
    if let Some(launch) = draft.session_mut(id).and_then(|session| session.launch_mut(process)) {
        let owed = notifications
            .iter()
            .filter(|tell| !matches!(tell, Notification::Transferred { .. } | Notification::Loop { .. }));
        launch.untold.extend(owed.filter_map(Notification::told).cloned());
    }
}
