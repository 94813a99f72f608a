//! A change of owner is told until it is known to have been written out.

use crate::decision::Tell;
use crate::draft::Draft;
use crate::event::Event;
use crate::id::SessionId;
use crate::process::Process;
use crate::request::Request;

/// Tells a change of owner that the session's log does not mark as told, if the event can carry it.
///
/// A hook that dies between its commit and its reply leaves no mark, so the next event tells again: better twice than never.
pub fn apply(
    request: &Request,
    draft: &mut Draft,
    event: &Event,
    id: &SessionId,
    process: &Process,
    tells: &mut Vec<Tell>,
) {
    let Some(told) = draft.session(id).and_then(|session| session.untold.clone()) else {
        return;
    };
    if request.snapshot.told.contains(&told) {
        // The mark will be far back in the log one day: the record must not need it then.
        if let Some(session) = draft.session_mut(id).filter(|_| event.can_tell()) {
            session.untold = None;
        }
        return;
    }
    let standing = draft.run(&told.run).filter(|run| {
        run.status.is_unfinished()
            && run.fence == told.fence
            && run.owner.is_session(id)
            && run.owner.process == *process
    });
    let Some(run) = standing.filter(|_| event.can_tell()) else {
        return;
    };
    let from = run.history.last().map(|transfer| transfer.from.pane.clone()).unwrap_or_default();
    tells.push(Tell::Transferred { told, iteration: run.iteration, from });
}
