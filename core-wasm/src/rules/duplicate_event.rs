//! One event delivered twice acts once.
//!
//! Both clients can run a hook twice for one event: a plugin and the settings both name it. Their payloads are equal to the byte,
//! and nothing in them is a key: both clients give several prompts, and several Stops of one turn, one id. What tells a second
//! delivery from a repetition is time: the hook processes of one event start together, while a client's next event of equal bytes
//! takes a turn of the model.

use crate::rules::context::EventContext;
use crate::session::{Delivery, MAX_DELIVERIES};

/// How long after the commit of an event the hook process of its second delivery may have started.
pub const WINDOW_MS: u64 = 200;

/// Whether the event was delivered before, by the session's record and its log.
#[must_use]
pub fn is_duplicate(cx: &EventContext<'_>) -> bool {
    let recorded = cx.record().map(|session| session.deliveries.as_slice()).unwrap_or_default();
    recorded.iter().chain(&cx.rules.request.snapshot.deliveries).any(|delivery| is_of_same_event(cx, delivery))
}

fn is_of_same_event(cx: &EventContext<'_>, delivery: &Delivery) -> bool {
    delivery.digest == cx.event.digest
        && delivery.process == *cx.process
        && delivery.at.boot == cx.rules.now().boot
        && cx.event.hook_start_ms <= delivery.at.boot_ms.saturating_add(WINDOW_MS)
}

/// Notes the delivery in the session's record, so that a second one finds it there.
pub fn record_delivery(cx: &mut EventContext<'_>) {
    // What waited in the inbox is noted as of when it was sent: stamped now, it would swallow the next event of the same bytes.
    let at = if cx.event.waited { cx.sent() } else { cx.rules.now().clone() };
    let (digest, process, event) = (cx.event.digest.clone(), cx.process.clone(), Some(cx.event.name));
    let Some(session) = cx.record_mut() else { return };
    session.deliveries.push(Delivery { digest, process, at, event });
    let spare = session.deliveries.len().saturating_sub(MAX_DELIVERIES);
    session.deliveries.drain(..spare);
}
