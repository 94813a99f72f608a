//! A user cancels a run.

use crate::id::RunId;
use crate::reason::Reason;
use crate::rules::context::RuleContext;
use crate::run::{Status, StopReason};

/// Cancels a run, whoever owns it. Its record in the archive becomes a tombstone, which no rule overrides.
pub fn apply(cx: &mut RuleContext<'_>, id: &RunId, why: Option<&String>) -> Reason {
    // An abandoned run can still be adopted, so it must be possible to cancel it.
    let abandoned = cx.draft.run(id).is_some_and(|run| run.status == Status::Abandoned);
    match cx.unfinished_run(id) {
        Err(Reason::AlreadyEnded) if abandoned => {}
        Err(reason) => return reason,
        Ok(_) => {}
    }
    cx.finish(id, Status::Cancelled, Reason::Cancelled, why.cloned().map(StopReason::Stated));
    Reason::Cancelled
}
