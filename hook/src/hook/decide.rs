//! Fifth stage, under the lock: the core decides, the decision is committed, and the observers follow it.

use agent_baton_core::event::Event;
use agent_baton_core::request::Input;
use agent_baton_core::timestamp::Timestamp;
use baton_agents::raw_event::RawEvent;
use baton_engine::observer::Observer;
use baton_engine::outcome::Outcome;
use baton_engine::snapshot::ProbeResult;
use baton_protect::ProtectedProjectEvent;
use baton_store::{LockedStore, RECENT_LOG_BYTES};

use super::error::HookError;
use super::event_context::EventContext;
use super::fast_path::append_heartbeat;
use super::gather::Facts;

/// Decides the current event.
pub(super) fn decide<'a>(
    cx: &EventContext<'a>,
    locked: &mut LockedStore<'_>,
    event: &Event,
    facts: &Facts<'a>,
) -> Result<Outcome, HookError> {
    let protected = facts.protected.as_ref();
    let input = ObservedEvent { event, probes: &facts.probes, protected, raw: cx.raw, at: cx.now() };
    let outcome = decide_observed(cx, locked, input)?;
    record_heartbeat(cx, locked, event, &outcome, cx.now())?;
    Ok(outcome)
}

/// Appends the event to the session's log if the decision on it changed no record.
pub(super) fn record_heartbeat(
    cx: &EventContext<'_>,
    locked: &mut LockedStore<'_>,
    event: &Event,
    outcome: &Outcome,
    at: Timestamp,
) -> Result<(), HookError> {
    if let Some(session) = event.session.as_ref().filter(|_| outcome.is_heartbeat()) {
        locked.trim_log(session)?;
        append_heartbeat(cx, event, cx.service.store.tail(session, RECENT_LOG_BYTES)?.next_n(), at)?;
    }
    Ok(())
}

/// An event to decide, with the facts that were read for it.
pub(super) struct ObservedEvent<'e, 'a> {
    pub(super) event: &'e Event,
    pub(super) probes: &'e [ProbeResult],
    pub(super) protected: Option<&'e ProtectedProjectEvent<'a>>,
    /// The payload, for the text of the message. `None` for an event from the inbox.
    pub(super) raw: Option<&'a RawEvent>,
    /// The time as of which it is decided.
    pub(super) at: Timestamp,
}

/// Decides an event with the observers of every event: protected files, then messages.
pub(super) fn decide_observed<'a>(
    cx: &EventContext<'a>,
    locked: &mut LockedStore<'_>,
    observed: ObservedEvent<'_, 'a>,
) -> Result<Outcome, HookError> {
    let recorder = cx.recorder(observed.raw);
    let protected = observed.protected.map(|protected| protected as &dyn Observer);
    let observers: Vec<&dyn Observer> = protected.into_iter().chain([&recorder as &dyn Observer]).collect();
    let input = Input::Event(Box::new(observed.event.clone()));
    Ok(cx.service.decide_and_commit(locked, input, observed.probes, observed.at, &observers)?)
}
