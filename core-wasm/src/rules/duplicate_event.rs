//! One event delivered twice acts once.
//!
//! Both clients can run a hook twice for one event: a plugin and the settings both name it. Their payloads are equal to the byte,
//! and nothing in them is a key: both clients give several prompts, and several Stops of one turn, one id. What notifications a second
//! delivery from a repetition is time: the hook processes of one event start together, while a client's next event of equal bytes
//! takes a turn of the model.

use crate::protocol::event::Event;
use crate::protocol::process::Process;
use crate::protocol::session::Delivery;
use crate::protocol::timestamp::Timestamp;

/// How long after the commit of an event the hook process of its second delivery may have started.
pub const WINDOW_MS: u64 = 200;

/// Whether the event was delivered before.
pub fn is_duplicate<'a>(
    event: &Event,
    process: &Process,
    now: &Timestamp,
    mut deliveries: impl Iterator<Item = &'a Delivery>,
) -> bool {
    deliveries.any(|delivery| {
        delivery.digest == event.digest
            && delivery.process == *process
            && delivery.at.boot == now.boot
            && event.hook_start_ms <= delivery.at.boot_ms.saturating_add(WINDOW_MS)
    })
}
