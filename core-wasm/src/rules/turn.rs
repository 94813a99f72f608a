//! A resumed session is told how its last turn stands.

use crate::decision::Tell;
use crate::draft::Draft;
use crate::event::{Event, LastTurn, Source};
use crate::id::SessionId;
use crate::process::{Live, Process};
use crate::request::Request;
use crate::rules::alive::live;

/// What the transcript showed, unless it showed nothing, or another window may be at work on that very turn.
pub fn apply(request: &Request, draft: &Draft, event: &Event, id: &SessionId, process: &Process) -> Option<Tell> {
    let turn = event.last_turn.filter(|turn| *turn != LastTurn::Unknown)?;
    if !event.announces() || event.source != Some(Source::Resume) || !event.can_tell() {
        return None;
    }
    let session = draft.session(id)?;
    let elsewhere = |launch| live(request, draft, session, launch) != Live::No;
    let shared = session.launches.iter().filter(|launch| launch.process != *process).any(elsewhere);
    (!shared).then_some(Tell::LastTurn { turn })
}
