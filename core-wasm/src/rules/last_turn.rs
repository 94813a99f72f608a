//! Tells a resumed session that its last turn was interrupted.

use crate::decision::Notification;
use crate::event::{LastTurn, Source};
use crate::process::Live;
use crate::rules::context::EventContext;

/// Reports an interrupted turn, unless another window may be working on that turn. A turn that ended normally is not
/// reported, because every ordinary resume follows one.
pub fn apply(cx: &mut EventContext<'_>) {
    let event = cx.event;
    let is_cut = |turn: &LastTurn| matches!(turn, LastTurn::InterruptedPrompt | LastTurn::InterruptedToolCall);
    let Some(turn) = event.last_turn.filter(is_cut) else { return };
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
