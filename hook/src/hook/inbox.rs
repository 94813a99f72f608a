//! Fourth stage: handles events that did not get the lock in time.
//!
//! Such an event is left in the inbox, without the text of its message. The next holder of the lock decides it first.

use std::time::Duration;

use agent_baton_core::event::Event;
use agent_baton_core::reason::Reason;
use baton_display::{error_chain, warn};
use baton_engine::snapshot::ProbeResult;
use baton_protect::ProtectedProjectEvent;
use baton_store::LockedStore;

use super::decide::{ObservedEvent, decide_observed, record_heartbeat};
use super::error::HookError;
use super::event_context::EventContext;
use super::gather::Facts;
use super::reply;
use crate::hint::Advice;

/// How long after its start the hook may decide deferred events: half of the time limit. The current event needs
/// the rest.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Leaves the event to the next holder of the lock, and tells the user if that stops a loop.
pub(super) fn defer(cx: &EventContext<'_>, mut event: Event, facts: &Facts<'_>) -> Result<(), HookError> {
    event.waited = true;
    cx.service.store.check_format()?;
    if let Err(error) = cx.recorder(cx.raw).record_deferred(&event) {
        warn(&error.in_one_line());
    }
    cx.service.store.inbox_add(&event, &cx.now())?;
    facts.loop_stop.as_ref().map_or(Ok(()), |stop| reply::send_missed_stop(&event, stop))
}

/// Decides the deferred events in the order in which they arrived. On a slow disk it stops early and leaves the
/// others to the next call. A failure here does not fail the current event.
pub(super) fn drain(cx: &EventContext<'_>, locked: &mut LockedStore<'_>, probes: &[ProbeResult]) {
    if let Err(error) = drain_batch(cx, locked, probes) {
        warn(&error.in_one_line());
    }
}

fn drain_batch(cx: &EventContext<'_>, locked: &mut LockedStore<'_>, probes: &[ProbeResult]) -> Result<(), HookError> {
    let now = cx.now();
    for deferred in locked.inbox_next_batch(&now)? {
        if cx.started.elapsed() > DRAIN_TIME {
            break;
        }
        // Decide an event from before a reboot as of its own time, because the clock of that boot no longer runs.
        let at = if deferred.at.boot == now.boot { cx.now() } else { deferred.at.clone() };
        let protected = ProtectedProjectEvent::prepare(&cx.service, &deferred.event);
        let event = &deferred.event;
        let input = ObservedEvent { event, probes, protected: protected.as_ref(), raw: None, at };
        match decide_observed(cx, locked, input) {
            Ok(outcome) if outcome.decision.has(Reason::RecordUnreadable) => {
                locked.inbox_quarantine(&deferred, &now, "a record that it needs cannot be read")?;
            }
            Ok(outcome) => {
                // What ended the turn, or what the agent asked, is known from the log alone.
                record_heartbeat(cx, locked, event, &outcome, deferred.at.clone())?;
                locked.inbox_remove(&deferred)?;
                outcome.failures.iter().for_each(|failure| warn(failure));
            }
            // The event stays in the inbox. The next call completes the recovery and then decides it.
            Err(error) if error.is_contended() => return Err(error),
            Err(error) => locked.inbox_quarantine(&deferred, &now, &error_chain(&error))?,
        }
    }
    Ok(())
}
