//! Third stage, before the lock: reads everything that is slow to read and that the decision needs.
//!
//! A system that answers slowly must not hold up other processes, so nothing here is read under the lock. If
//! something changes meanwhile, the stage under the lock notices: a probe counts only for the launch that was probed.

use std::time::Duration;

use agent_baton_core::event::{Event, EventName};
use agent_baton_core::request::Input;
use baton_engine::loops::{LoopStop, StopHost, StopInputs};
use baton_engine::missing_project::{former_project, missing_project};
use baton_engine::snapshot::ProbeResult;
use baton_protect::ProtectedProjectEvent;

use super::event_context::EventContext;
use super::fast_path::{Classification, classify};
use super::time_limit::TimeLimit;

/// The facts read before the lock.
pub(super) struct Facts<'a> {
    /// The probes of the launches and commands that the event can touch.
    pub(super) probes: Vec<ProbeResult>,
    /// The loop whose owner wants to stop.
    pub(super) loop_stop: Option<LoopStop>,
    /// The protected files of the event's project.
    pub(super) protected: Option<ProtectedProjectEvent<'a>>,
}

/// Completes the event and reads what its decision needs.
pub(super) fn gather<'a>(cx: &EventContext<'a>, event: &mut Event, limit: Option<&TimeLimit>) -> Facts<'a> {
    cx.service.inspector.enrich_event(event, cx.process);
    event.missing_project = missing_project_of(cx, event).or_else(|| former_project_of(cx, event));
    let loop_stop = evaluate_loop_stop(cx, event, limit);
    event.messages = Some(cx.recorder(cx.raw).is_enabled());
    let probes = cx.service.probe(&Input::Event(Box::new(event.clone())));
    let protected = ProtectedProjectEvent::prepare(&cx.service, event);
    Facts { probes, loop_stop, protected }
}

/// Returns the recorded project of the event's session, if it is gone and the session goes on elsewhere.
fn missing_project_of(cx: &EventContext<'_>, event: &Event) -> Option<String> {
    let id = event.session.as_ref()?;
    let reading = cx.service.store.read(|view| view.session(id)).ok()?;
    missing_project(reading.record()?, event.cwd.as_deref())
}

/// Returns the former path of the project in which a session starts, if a run knows one.
fn former_project_of(cx: &EventContext<'_>, event: &Event) -> Option<String> {
    let starts = event.name == EventName::SessionStart;
    if starts { cx.service.store.read(|view| former_project(view, event)).ok()? } else { None }
}

/// Reads what a `Stop` of a loop's owner needs, and runs the loop's command if it has one.
fn evaluate_loop_stop(cx: &EventContext<'_>, event: &mut Event, limit: Option<&TimeLimit>) -> Option<LoopStop> {
    if event.name != EventName::Stop {
        return None;
    }
    let inputs = StopInputs {
        store: cx.service.store,
        settings: cx.service.settings,
        environment: cx.service.inspector.environment(),
        raw: cx.raw?,
    };
    let mut evaluate = |extend: &dyn Fn(Duration)| LoopStop::evaluate(&inputs, &Pipeline { cx, extend }, event);
    match limit {
        Some(limit) => limit.extendable(evaluate),
        None => evaluate(&|_| {}),
    }
}

/// The services that the evaluation of a loop needs from the pipeline.
struct Pipeline<'a, 'c> {
    cx: &'a EventContext<'c>,
    extend: &'a dyn Fn(Duration),
}

impl StopHost for Pipeline<'_, '_> {
    fn extend_limit(&self, limit: Duration) {
        (self.extend)(limit);
    }

    fn was_handled(&self, event: &Event) -> bool {
        classify(self.cx, event).is_ok_and(|needs| needs != Classification::Lock)
    }
}
