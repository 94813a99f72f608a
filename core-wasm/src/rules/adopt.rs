//! A user gives a run to a session.

use crate::decision::Location;
use crate::id::{RunId, SessionId};
use crate::process::{Live, Process};
use crate::reason::Reason;
use crate::request::Reading;
use crate::rules::context::RuleContext;
use crate::run::Status;

/// What permits a user to take a run from an owner that is not proved to be gone.
#[derive(Clone, Copy)]
pub struct Override {
    /// Take it even if baton cannot tell whether the owner is alive.
    pub unknown: bool,
    /// Take it even if the owner is alive.
    pub alive: bool,
}

/// Gives a run to the launch of `session` in `process`. An abandoned run becomes active again. A cancelled run cannot
/// be adopted.
pub fn apply(
    cx: &mut RuleContext<'_>,
    id: &RunId,
    session: &SessionId,
    process: &Process,
    overrides: Override,
) -> Reason {
    if *cx.run_reading(id) == Reading::Unreadable {
        return Reason::RecordUnreadable;
    }
    let Some(run) = cx.draft.run(id) else {
        return Reason::RunNotFound;
    };
    let abandoned = run.status == Status::Abandoned;
    if run.owner.session.is_none() {
        return Reason::SupervisedRun;
    }
    if !run.status.is_unfinished() && !abandoned {
        return Reason::AlreadyEnded;
    }
    if cx.is_unreachable(run) {
        return Reason::FleetUnreachable;
    }
    let owner = match cx.launch_owner(session, process) {
        Ok(owner) => owner,
        Err(reason) => return reason,
    };
    if let Some(reason) = cx.owns_another(session, id) {
        return reason;
    }
    if !abandoned {
        if run.owner.is_session(session) && run.owner.process == *process && !cx.is_elsewhere(run) {
            return Reason::AlreadyOwner;
        }
        match cx.owner_liveness(run) {
            Live::Yes if !overrides.alive => return Reason::OwnerAlive,
            Live::Unknown if !overrides.unknown && !cx.owner_has_lapsed(run) => return Reason::OwnerUnverifiable,
            Live::Yes | Live::Unknown | Live::No => {}
        }
    }
    revive(cx, id);
    cx.reopen_session(session);
    cx.transfer(id, owner, Reason::Adopted);
    Reason::Adopted
}

fn revive(cx: &mut RuleContext<'_>, id: &RunId) {
    if let Some(run) = cx.draft.run_mut(id).filter(|run| run.status == Status::Abandoned) {
        run.status = Status::Active;
        run.finished = None;
        run.stop_reason = None;
    }
    cx.draft.move_run(id, Location::Live);
}
