//! Brings the copy of a fleet run, and the sessions that it concerns, in line with the run's row.

use crate::decision::Location;
use crate::fleet::FleetOwner;
use crate::id::SessionId;
use crate::loop_state::Loop;
use crate::reason::Reason;
use crate::request::Reading;
use crate::rules::context::RuleContext;
use crate::run::{Owner, Run, Status, StopReason};
use crate::session::{Audience, Dropped, NotificationId, OutboxEntry};

/// Applies a row to its copy. A row that is no newer than the copy changes only a session that does not name its run.
///
/// A row never lowers a fence, gives a run away without a new fence, or brings back a run that a user cancelled here.
pub fn apply(cx: &mut RuleContext<'_>, row: &Run, project: Option<&String>) -> Reason {
    if row.fleet.is_none() {
        return Reason::RequestMalformed;
    }
    match cx.run_reading(&row.id) {
        Reading::Unreadable => return Reason::RecordUnreadable,
        Reading::Deleted => return Reason::Deleted,
        Reading::Absent => {
            add(cx, row, project);
            name_in_session(cx, row);
            return Reason::Refreshed;
        }
        Reading::Live(_) | Reading::Archived(_) => {}
    }
    let Some(copy) = cx.draft.run(&row.id).cloned() else { return Reason::Refreshed };
    if is_newer(row, &copy) {
        replace(cx, row, &copy);
        update_sessions(cx, &copy);
    }
    if row.fleet == copy.fleet || is_newer(row, &copy) {
        name_in_session(cx, row);
    }
    Reason::Refreshed
}

/// Adds the copy of a run that this machine does not know.
fn add(cx: &mut RuleContext<'_>, row: &Run, project: Option<&String>) {
    let mut run = row.clone();
    run.project = project.cloned();
    run.directory = None;
    run.loop_state = run.loop_state.map(|state| Loop::new(state.limits));
    let unfinished = run.status.is_unfinished();
    cx.draft.add_run(run);
    if !unfinished {
        cx.draft.move_run(&row.id, Location::Archive);
    }
}

/// Returns whether the copy may become what the row says. A row of another fleet has another count of revisions.
fn is_newer(row: &Run, copy: &Run) -> bool {
    let is_later = match (&row.fleet, &copy.fleet) {
        (Some(row), Some(copy)) => row.fleet != copy.fleet || row.revision > copy.revision,
        (Some(_), None) => true,
        (None, _) => false,
    };
    let is_given = row.fence > copy.fence || (row.fence == copy.fence && is_same_owner(&row.owner, &copy.owner));
    is_later && is_given && copy.status != Status::Cancelled
}

fn is_same_owner(one: &Owner, other: &Owner) -> bool {
    one.session == other.session && one.process == other.process
}

/// Makes the copy what the row says, except for what only this machine knows.
fn replace(cx: &mut RuleContext<'_>, row: &Run, copy: &Run) {
    let mut run = row.clone();
    run.revision = copy.revision;
    run.created.clone_from(&copy.created);
    run.updated.clone_from(&copy.updated);
    run.project.clone_from(&copy.project);
    run.directory.clone_from(&copy.directory);
    if run.status == copy.status && matches!(copy.stop_reason, Some(StopReason::Stated(_))) {
        run.stop_reason.clone_from(&copy.stop_reason);
    }
    let from = run.history.iter_mut().map(|transfer| &mut transfer.from);
    for owner in from.chain(std::iter::once(&mut run.owner)) {
        keep_pane(owner, copy);
    }
    let is_same = run.fence == copy.fence && is_same_owner(&run.owner, &copy.owner);
    run.loop_state = run.loop_state.map(|state| match copy.loop_state.clone().filter(|_| is_same) {
        Some(counted) => Loop { limits: state.limits, ..counted },
        None => Loop::new(state.limits),
    });
    if run.fence == copy.fence && copy.iteration > run.iteration {
        // The owner went on while the database could not be reached.
        run.phase.clone_from(&copy.phase);
        run.iteration = copy.iteration;
    }
    if let Some(loop_state) = run.loop_state.as_mut().filter(|_| run.status != copy.status) {
        // Its turn ends where another machine pauses it, and begins anew where another machine continues it.
        loop_state.reset_turn();
        if run.status == Status::Active {
            loop_state.attended();
        }
    }
    let to = if run.status.is_unfinished() { Location::Live } else { Location::Archive };
    if let Some(before) = cx.draft.run_mut(&row.id) {
        *before = run;
    }
    cx.draft.move_run(&row.id, to);
}

/// Gives an owner the pane that the copy knows for its process.
fn keep_pane(owner: &mut Owner, copy: &Run) {
    let known = std::iter::once(&copy.owner).chain(copy.history.iter().map(|transfer| &transfer.from));
    if let Some(known) = known.into_iter().find(|known| known.process == owner.process) {
        owner.pane.clone_from(&known.pane);
    }
}

/// Updates the sessions of both owners after a copy changed.
fn update_sessions(cx: &mut RuleContext<'_>, before: &Run) {
    let Some(run) = cx.draft.run(&before.id).cloned() else { return };
    let is_here = matches!(cx.fleet_owner(&run), Some(FleetOwner::Here { .. }));
    let moved = run.fence != before.fence;
    let ended = !run.status.is_unfinished();
    if let Some(id) = before.owner.session.as_ref().filter(|_| moved || ended) {
        leave(cx, id, &run, ended);
        if moved && !is_here && cx.draft.session(id).is_some_and(|it| it.launch(&before.owner.process).is_some()) {
            owe(cx, id, &run, Reason::OwnershipLost, Audience::Session, dropped(&run, before));
        }
    }
    let Some(id) = run.owner.session.as_ref() else { return };
    if ended {
        if !before.owner.is_session(id) {
            leave(cx, id, &run, ended);
        }
        if before.status.is_unfinished() && (run.loop_state.is_some() || run.status == Status::Abandoned) {
            owe(cx, id, &run, reason_of_end(&run), Audience::Session, None);
        }
    } else if moved && is_here {
        leave(cx, id, &run, ended);
        let last = run.history.last().filter(|transfer| transfer.fence == run.fence);
        // A fence that grows without a transfer is that of a recovery.
        let reason = last.map_or(Reason::DatabaseRestored, |transfer| transfer.reason);
        owe(cx, id, &run, reason, Audience::Launch(run.owner.process.clone()), None);
    } else if is_here && run.status != before.status {
        tell_status(cx, id, &run);
    }
}

/// Removes a run from a session, with its announcements.
fn leave(cx: &mut RuleContext<'_>, id: &SessionId, run: &Run, ended: bool) {
    let Some(session) = cx.draft.session_mut(id) else { return };
    if ended && session.runs.contains(&run.id) {
        session.runs_ended = session.runs_ended.saturating_add(1);
    }
    session.runs.retain(|named| *named != run.id);
    session.take_announcements(&run.id);
}

/// Returns what the owner of the copy did that the run does not have: the new owner went on from what the database knew.
fn dropped(run: &Run, copy: &Run) -> Option<Dropped> {
    let taken_over = run.history.iter().find(|transfer| transfer.fence > copy.fence)?.progress.as_ref()?;
    let is_ahead = copy.iteration > taken_over.iteration
        || (copy.iteration == taken_over.iteration && copy.phase.is_some() && copy.phase != taken_over.phase);
    is_ahead.then(|| Dropped { after: taken_over.iteration, reached: copy.progress() })
}

fn owe(
    cx: &mut RuleContext<'_>,
    id: &SessionId,
    run: &Run,
    reason: Reason,
    audience: Audience,
    dropped: Option<Dropped>,
) {
    let Some(session) = cx.draft.session_mut(id) else { return };
    let id = NotificationId { run: run.id.clone(), fence: run.fence, reason, revision: None };
    session.outbox.push(OutboxEntry { id, audience, acknowledged: false, dropped });
}

/// Returns why a run ended, as its owner's user is told.
fn reason_of_end(run: &Run) -> Reason {
    match (run.status, &run.stop_reason) {
        (Status::Cancelled, _) => Reason::Cancelled,
        (Status::Abandoned, _) => Reason::AbandonedStale,
        (_, Some(StopReason::Rule(reason))) if reason.ends_loop() => *reason,
        _ => Reason::Finished,
    }
}

/// Tells the owner's user that another machine suspended the loop, or takes that back.
fn tell_status(cx: &mut RuleContext<'_>, id: &SessionId, run: &Run) {
    if run.status == Status::Active {
        let Some(session) = cx.draft.session_mut(id) else { return };
        session.outbox.retain(|entry| entry.id.run != run.id || !entry.id.reason.suspends_loop());
        return;
    }
    let reason = match run.stop_reason {
        Some(StopReason::Rule(reason)) if reason.suspends_loop() => reason,
        _ => Reason::Paused,
    };
    cx.owe_suspension(&run.id, reason);
}

/// Adds an unfinished run to its owner's session, which may be open here although its owner is on another machine. The session
/// may also be newer than the copy, if a user imported it.
fn name_in_session(cx: &mut RuleContext<'_>, row: &Run) {
    let Some(run) = cx.draft.run(&row.id).filter(|run| run.status.is_unfinished()) else { return };
    let (id, owner) = (run.id.clone(), run.owner.session.clone());
    let Some(session) = owner.as_ref().and_then(|owner| cx.draft.session_mut(owner)) else { return };
    if session.runs.contains(&id) {
        return;
    }
    session.runs.push(id);
    if let Some(owner) = owner {
        cx.draft.move_session(&owner, Location::Live);
    }
}
