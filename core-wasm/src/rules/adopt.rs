//! A run is given to a session by a user's word.

use crate::draft::Draft;
use crate::protocol::decision::Location;
use crate::protocol::id::{RunId, SessionId};
use crate::protocol::process::{Live, Process};
use crate::protocol::reason::Reason;
use crate::protocol::request::{Reading, Request};
use crate::protocol::run::Status;
use crate::rules::ownership::{owner_liveness, transfer};
use crate::rules::start::{launch_owner, owns_another, reopen_session};

/// How much a user knows of the owner they take a run from.
#[derive(Clone, Copy)]
pub struct Override {
    /// It may live: nobody can tell.
    pub unknown: bool,
    /// It lives.
    pub alive: bool,
}

/// Gives a run to the launch of `session` in `process`. A run that was abandoned comes back; one that was cancelled does not.
pub fn apply(
    request: &Request,
    draft: &mut Draft,
    id: &RunId,
    session: &SessionId,
    process: &Process,
    overrides: Override,
) -> Reason {
    let named = request.snapshot.runs.iter().find(|named| named.id == id.as_str());
    if named.is_some_and(|named| named.reading == Reading::Unreadable) {
        return Reason::RecordUnreadable;
    }
    let Some(run) = draft.run(id) else {
        return Reason::RunNotFound;
    };
    if run.owner.session.is_none() {
        return Reason::SupervisedRun;
    }
    let abandoned = run.status == Status::Abandoned;
    if !run.status.is_unfinished() && !abandoned {
        return Reason::AlreadyEnded;
    }
    let owner = match launch_owner(request, draft, session, process) {
        Ok(owner) => owner,
        Err(reason) => return reason,
    };
    if let Some(reason) = owns_another(request, draft, session, id) {
        return reason;
    }
    if !abandoned {
        if run.owner.is_session(session) && run.owner.process == *process {
            return Reason::AlreadyOwner;
        }
        match owner_liveness(request, draft, run) {
            Live::Yes if !overrides.alive => return Reason::OwnerAlive,
            Live::Unknown if !overrides.unknown => return Reason::OwnerUnverifiable,
            Live::Yes | Live::Unknown | Live::No => {}
        }
    }
    revive(draft, id);
    reopen_session(draft, session);
    transfer(request, draft, id, owner, Reason::Adopted);
    Reason::Adopted
}

fn revive(draft: &mut Draft, id: &RunId) {
    if let Some(run) = draft.run_mut(id).filter(|run| run.status == Status::Abandoned) {
        run.status = Status::Active;
        run.finished = None;
        run.stop_reason = None;
    }
    draft.move_run(id, Location::Live);
}
