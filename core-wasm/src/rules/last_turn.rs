//! A resumed session is told how its last turn stands.

use crate::decision::Notification;
use crate::event::{LastTurn, Source};
use crate::process::Live;
use crate::rules::context::EventContext;

/// Says what the transcript showed, unless it showed nothing, or another window may be at work on that very turn.
pub fn apply(cx: &mut EventContext<'_>) {
    let event = cx.event;
    let Some(turn) = event.last_turn.filter(|turn| *turn != LastTurn::Unknown) else { return };
    if !event.announces() || event.source != Some(Source::Resume) || !event.can_notify() {
        return;
    }
    let Some(session) = cx.record() else { return };
    let shared = session
        .launches
        .iter()
        .any(|launch| launch.process != *cx.process && cx.rules.launch_liveness(session, launch) != Live::No);
    if !shared {
        cx.notifications.push(Notification::LastTurn { turn });
    }
}
