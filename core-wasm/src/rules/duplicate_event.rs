//! Recognises an event that is delivered twice, so that it acts only once.
//!
//! Both clients can run a hook twice for one event, because a plugin and the settings both name it. The two payloads
//! are equal byte for byte. They contain no unique key: both clients give several prompts, or several Stops of one
//! turn, the same id. The only difference between a second delivery and a repeated event is the time. The hook
//! processes of one event start together. A client's next event with equal bytes comes only after a turn of the model.

use crate::decision::Notification;
use crate::event::EventName;
use crate::reason::Reason;
use crate::rules::context::EventContext;
use crate::session::{Continuation, Delivery, MAX_DELIVERIES};

/// How many milliseconds after the commit of an event the hook process of its second delivery may have started.
pub const WINDOW_MS: u64 = 200;

/// Returns whether the session's record or its log contains an earlier delivery of this event.
#[must_use]
pub fn is_duplicate(cx: &EventContext<'_>) -> bool {
    let recorded = cx.record().map(|session| session.deliveries.as_slice()).unwrap_or_default();
    recorded.iter().chain(&cx.rules.request.snapshot.deliveries).any(|delivery| is_of_same_event(cx, delivery))
}

fn is_of_same_event(cx: &EventContext<'_>, delivery: &Delivery) -> bool {
    delivery.digest == cx.event.digest
        && delivery.process == *cx.process
        && delivery.at.boot == cx.rules.now().boot
        && !delivery.at.is_future(cx.rules.now())
        && cx.event.hook_start_ms <= delivery.at.boot_ms.saturating_add(WINDOW_MS)
}

/// Records the delivery in the session's record, so that a second delivery is recognised.
pub fn record_delivery(cx: &mut EventContext<'_>) {
    // An event from the inbox is recorded with the time at which it was sent. With the current time, it would make the
    // next event with equal bytes look like a duplicate.
    let at = if cx.event.waited { cx.sent() } else { cx.rules.now().clone() };
    let (digest, process, event) = (cx.event.digest.clone(), cx.process.clone(), Some(cx.event.name));
    let continuation = continuation(cx);
    let Some(session) = cx.record_mut() else { return };
    session.deliveries.push(Delivery { digest, process, at, event, continuation });
    let spare = session.deliveries.len().saturating_sub(MAX_DELIVERIES);
    session.deliveries.drain(..spare);
}

/// By what the agent goes on after a Stop.
fn continuation(cx: &EventContext<'_>) -> Option<Continuation> {
    let goes_round =
        |tell: &Notification| matches!(tell, Notification::Loop { id, .. } if id.reason == Reason::Iterated);
    if cx.event.name != EventName::Stop {
        None
    } else if cx.notifications.iter().any(goes_round) {
        Some(Continuation::Loop)
    } else {
        (!cx.event.background_work.is_empty()).then_some(Continuation::BackgroundWork)
    }
}
