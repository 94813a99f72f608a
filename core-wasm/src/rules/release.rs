//! Takes the copy of a run out of its fleet.

use crate::fleet::ReleaseCause;
use crate::id::RunId;
use crate::reason::Reason;
use crate::request::Reading;
use crate::rules::context::RuleContext;
use crate::run::{Status, StopReason};

/// Abandons the copy of a fleet run, whoever owns it, and makes it a run of this machine alone. So it can be cancelled or adopted
/// without the database, which has no row that decides about it, or cannot be asked ever again.
pub fn apply(cx: &mut RuleContext<'_>, id: &RunId, cause: ReleaseCause) -> Reason {
    match cx.run_reading(id) {
        Reading::Unreadable => return Reason::RecordUnreadable,
        Reading::Absent | Reading::Deleted => return Reason::RunNotFound,
        Reading::Live(_) | Reading::Archived(_) => {}
    }
    let Some(run) = cx.draft.run_mut(id) else { return Reason::RunNotFound };
    if run.fleet.is_none() || !(run.status.is_unfinished() || run.status == Status::Abandoned) {
        return Reason::AlreadyEnded;
    }
    let was_unfinished = run.status.is_unfinished();
    run.fleet = None;
    let reason = match cause {
        ReleaseCause::FleetLeft => Reason::FleetLeft,
        ReleaseCause::ReplacedAfterRestore => Reason::ReplacedAfterRestore,
    };
    if was_unfinished {
        cx.finish(id, Status::Abandoned, reason, Some(StopReason::Rule(reason)));
    }
    reason
}
