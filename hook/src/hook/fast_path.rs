//! Second stage: records an event that is only a heartbeat of a known launch, without the lock.
//!
//! [`classify`] only reads. [`try_handle`] then appends to the session's logs. What the fast path reads may change at
//! any moment, so it never changes a record: the core answers "heartbeat", or the event needs the lock.

use std::path::Path;

use agent_baton_core::event::{Event, EventName};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Input;
use agent_baton_core::session::Continuation;
use agent_baton_core::timestamp::Timestamp;
use baton_engine::decide::heartbeat_snapshot;
use baton_engine::message_recorder::Recorded;
use baton_engine::missing_project::missing_project;
use baton_store::{Heartbeat, LogLine};
use baton_system::worktree;

use super::error::HookError;
use super::event_context::EventContext;

/// What an event requires, as far as baton can tell without the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Classification {
    /// Nothing: baton is disabled here, or another delivery of the event was already handled.
    Nothing,
    /// A line in the session's log.
    Heartbeat {
        /// The number of the line.
        n: u64,
        /// Whether the messages of the session are recorded.
        has_messages: bool,
    },
    /// A decision under the lock.
    Lock,
}

/// Whether the fast path has handled an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handled {
    Yes,
    No,
}

/// Records the event if it is only a heartbeat.
pub(super) fn try_handle(cx: &EventContext<'_>, event: &Event) -> Result<Handled, HookError> {
    let classification = classify(cx, event).inspect_err(|error| {
        if matches!(error, HookError::Core(_)) {
            cx.audit_failed_core();
        }
    })?;
    match classification {
        Classification::Nothing => Ok(Handled::Yes),
        Classification::Lock => Ok(Handled::No),
        Classification::Heartbeat { n, has_messages } => {
            if has_messages && cx.recorder(cx.raw).record_unlocked(event) == Recorded::NeedsLock {
                return Ok(Handled::No);
            }
            append_heartbeat(cx, event, n, cx.now())?;
            Ok(Handled::Yes)
        }
    }
}

/// Determines what an event requires. Only reads.
pub(super) fn classify(cx: &EventContext<'_>, event: &Event) -> Result<Classification, HookError> {
    let store = cx.service.store;
    let pending = store.pending()?;
    if pending.disabled.is_in(|| project(cx, event)) {
        return Ok(Classification::Nothing);
    }
    if matches!(event.name, EventName::SessionStart | EventName::SessionEnd) || !pending.is_empty() {
        return Ok(Classification::Lock);
    }
    // Data that cannot be read without the lock is read again under it.
    let Ok(Ok(Some((snapshot, n)))) = store.read(|view| heartbeat_snapshot(store, view, event)) else {
        return Ok(Classification::Lock);
    };
    let outcome = cx.service.decide_unlocked(Input::Event(Box::new(event.clone())), snapshot)?;
    Ok(match outcome.decision.reason {
        Reason::DuplicateEvent => Classification::Nothing,
        Reason::Heartbeat if outcome.is_heartbeat() => {
            let session = outcome.request.snapshot.session.record();
            if session.is_some_and(|session| missing_project(session, event.cwd.as_deref()).is_some()) {
                return Ok(Classification::Lock);
            }
            Classification::Heartbeat { n, has_messages: session.is_some_and(|session| session.messages) }
        }
        _ => Classification::Lock,
    })
}

/// Returns the project in which the session was registered, or else the one of the event's directory.
fn project(cx: &EventContext<'_>, event: &Event) -> Option<String> {
    let session = event.session.as_ref()?;
    let registered = cx.service.store.read(|view| view.session(session)).ok();
    let registered = registered.and_then(|reading| reading.record().and_then(|session| session.project.clone()));
    registered.or_else(|| worktree::find_root(Path::new(event.cwd.as_ref()?)))
}

/// Appends a heartbeat that came at this time to the session's log.
pub(super) fn append_heartbeat(cx: &EventContext<'_>, event: &Event, n: u64, at: Timestamp) -> Result<(), HookError> {
    let (Some(session), Some(process)) = (&event.session, &event.process) else { return Ok(()) };
    let line = LogLine::Heartbeat(Heartbeat {
        at,
        n,
        event: event.name,
        question: event.question,
        continuation: (!event.background_work.is_empty()).then_some(Continuation::BackgroundWork),
        digest: event.digest.clone(),
        prompt_id: event.prompt_id.clone(),
        process: process.clone(),
        took_us: u64::try_from(cx.started.elapsed().as_micros()).ok(),
    });
    Ok(cx.service.store.append(session, &line)?)
}
