//! A resumed session is told how its last turn stands.

use crate::draft::Draft;
use crate::protocol::decision::Notification;
use crate::protocol::event::{Event, LastTurn, Source};
use crate::protocol::id::SessionId;
use crate::protocol::process::{Live, Process};
use crate::protocol::request::Request;
use crate::rules::liveness::launch_liveness;

/// What the transcript showed, unless it showed nothing, or another window may be at work on that very turn.
pub fn apply(
    request: &Request,
    draft: &Draft,
    event: &Event,
    id: &SessionId,
    process: &Process,
) -> Option<Notification> {
    let turn = event.last_turn.filter(|turn| *turn != LastTurn::Unknown)?;
    if !event.announces() || event.source != Some(Source::Resume) || !event.can_notify() {
        return None;
    }
    let session = draft.session(id)?;
    let elsewhere = |launch| launch_liveness(request, draft, session, launch) != Live::No;
    let shared = session.launches.iter().filter(|launch| launch.process != *process).any(elsewhere);
    (!shared).then_some(Notification::LastTurn { turn })
}
