//! A user pauses and continues a run.

use crate::id::RunId;
use crate::reason::Reason;
use crate::rules::context::RuleContext;
use crate::rules::loops::suspend;
use crate::run::{Status, StopReason};

/// Pauses an unfinished run until [`continue_run`] is called.
pub fn pause(cx: &mut RuleContext<'_>, id: &RunId, why: Option<&String>) -> Reason {
    if let Err(reason) = cx.unfinished_run(id) {
        return reason;
    }
    if let Some(run) = cx.draft.run_mut(id).filter(|run| run.status != Status::Paused) {
        suspend(run, Status::Paused, why.cloned().map_or(StopReason::Rule(Reason::Paused), StopReason::Stated));
        cx.owe_suspension(id, Reason::Paused);
    }
    Reason::Paused
}

/// Makes a run active that is paused or waits. A loop that waits for background work of its agent waits for it no longer.
pub fn continue_run(cx: &mut RuleContext<'_>, id: &RunId) -> Reason {
    if let Err(reason) = cx.unfinished_run(id) {
        return reason;
    }
    let Some(run) = cx.draft.run_mut(id) else { return Reason::Continued };
    if let Some(loop_state) =
        run.loop_state.as_mut().filter(|loop_state| loop_state.background_work.waits_since.is_some())
    {
        loop_state.background_work.ignore_all();
    }
    if run.status == Status::Active {
        return Reason::Continued;
    }
    run.status = Status::Active;
    run.stop_reason = None;
    if let Some(loop_state) = run.loop_state.as_mut() {
        loop_state.reset_turn();
        loop_state.attended();
    }
    let owner = run.owner.session.clone();
    if let Some(session) = owner.and_then(|session| cx.draft.session_mut(&session)) {
        session.outbox.retain(|entry| !(entry.id.run == *id && entry.id.reason.suspends_loop()));
    }
    Reason::Continued
}
