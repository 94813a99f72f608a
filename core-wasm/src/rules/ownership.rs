//! Who owns a session's run when one of its launches begins or gives a heartbeat.

use crate::draft::Draft;
use crate::protocol::decision::Notification;
use crate::protocol::event::{Event, EventName, Source};
use crate::protocol::id::{RunId, SessionId};
use crate::protocol::process::{Live, Process};
use crate::protocol::reason::Reason;
use crate::protocol::request::{Reading, Request};
use crate::protocol::run::{MAX_HISTORY, Owner, Run, Status, Transfer};
use crate::protocol::session::NotificationId;
use crate::rules::liveness::{launch_liveness, supervisor_liveness};
use crate::rules::loops;

/// One launch of a session, as a candidate.
pub struct Candidate<'a> {
    /// The event by which it shows.
    pub event: &'a Event,
    /// The session.
    pub session: &'a SessionId,
    /// The process.
    pub process: &'a Process,
}

/// Applies the ownership table; gives the row that applied.
pub fn apply(
    request: &Request,
    draft: &mut Draft,
    candidate: &Candidate<'_>,
    notifications: &mut Vec<Notification>,
) -> Reason {
    if names_unreadable_run(request, draft, candidate.session) {
        return Reason::RecordUnreadable;
    }
    let own = unfinished_runs(draft, candidate.session);
    match own.as_slice() {
        [] => follow(request, draft, candidate).unwrap_or_else(|| without_run(draft, candidate.session)),
        [run] => with_run(request, draft, candidate, run, notifications),
        [first, ..] => {
            if let Some(told) = told_of(draft, first, Reason::MultipleMatchingRuns)
                && tell_once(request, draft, candidate, told.clone())
            {
                notifications.push(Notification::SeveralRuns { told, runs: own });
            }
            Reason::MultipleMatchingRuns
        }
    }
}

fn names_unreadable_run(request: &Request, draft: &Draft, id: &SessionId) -> bool {
    let unreadable = |run: &RunId| {
        let named = request.snapshot.runs.iter().find(|named| named.id == run.as_str());
        named.is_some_and(|named| named.reading == Reading::Unreadable)
    };
    draft.session(id).is_some_and(|session| session.runs.iter().any(unreadable))
}

/// The unfinished runs that a session owns: its record names them, and theirs name it.
pub fn unfinished_runs(draft: &Draft, id: &SessionId) -> Vec<RunId> {
    let named = draft.session(id).map(|session| session.runs.clone()).unwrap_or_default();
    named
        .into_iter()
        .filter(|run| draft.run(run).is_some_and(|run| run.status.is_unfinished() && run.owner.is_session(id)))
        .collect()
}

fn without_run(draft: &mut Draft, id: &SessionId) -> Reason {
    let Some(session) = draft.session_mut(id) else {
        return Reason::NoRun;
    };
    // A name without its run is left of a commit that could not read this record.
    let over = u32::try_from(session.runs.len()).unwrap_or(u32::MAX);
    session.runs.clear();
    session.runs_ended = session.runs_ended.saturating_add(over);
    if session.runs_ended > 0 { Reason::RunEnded } else { Reason::NoRun }
}

fn with_run(
    request: &Request,
    draft: &mut Draft,
    candidate: &Candidate<'_>,
    id: &RunId,
    notifications: &mut Vec<Notification>,
) -> Reason {
    let Some(run) = draft.run(id).cloned() else {
        return Reason::NoRun;
    };
    if run.owner.process == *candidate.process {
        refresh(draft, candidate, id);
        return Reason::OwnerPresent;
    }
    let row = match owner_liveness(request, draft, &run) {
        Live::Yes => Reason::OwnerAlive,
        Live::Unknown => Reason::OwnerUnverifiable,
        Live::No => match idle_since(request, draft, &run) {
            Some(source) => return abandon(request, draft, id, source),
            None => {
                transfer(request, draft, id, owner(candidate), Reason::ResumedSameSession);
                return Reason::ResumedSameSession;
            }
        },
    };
    let told = NotificationId { run: id.clone(), fence: run.fence, reason: row };
    if tell_once(request, draft, candidate, told.clone()) {
        notifications.push(Notification::OwnerElsewhere { told, pane: run.owner.pane, pid: run.owner.process.pid });
    }
    row
}

/// Whether the launch that owns a run lives. One that its session's record does not hold is not known.
#[must_use]
pub fn owner_liveness(request: &Request, draft: &Draft, run: &Run) -> Live {
    let Some(id) = &run.owner.session else {
        return supervisor_liveness(&request.place, &request.snapshot.commands, run);
    };
    let Some(session) = draft.session(id) else {
        return Live::Unknown;
    };
    session.launch(&run.owner.process).map_or(Live::Unknown, |launch| launch_liveness(request, draft, session, launch))
}

fn owner(candidate: &Candidate<'_>) -> Owner {
    Owner {
        agent: Some(candidate.event.agent),
        session: Some(candidate.session.clone()),
        process: candidate.process.clone(),
        pane: candidate.event.pane.clone(),
        child: None,
    }
}

/// The owner is there: its pane and project may have changed, and a user's prompt ends its waiting.
fn refresh(draft: &mut Draft, candidate: &Candidate<'_>, id: &RunId) {
    let Some(run) = draft.run_mut(id) else { return };
    if candidate.event.name != EventName::SessionEnd && candidate.event.announces() {
        run.owner.pane.clone_from(&candidate.event.pane);
    }
    let by_user = candidate.event.prompt.as_ref().is_some_and(|prompt| prompt.by_user);
    if run.status == Status::Waiting && by_user {
        run.status = Status::Active;
        run.stop_reason = None;
    }
}

/// Claude's `/clear` and `/branch` begin a new session in the process and place of the old one: the user's work goes on there.
/// Codex names no predecessor, so there nothing is followed.
fn follow(request: &Request, draft: &mut Draft, candidate: &Candidate<'_>) -> Option<Reason> {
    let event = candidate.event;
    if !event.agent.shows_one_session() || !matches!(event.source, Some(Source::Clear | Source::Fork)) {
        return None;
    }
    // One that cannot be read may be the one that was left.
    if request.snapshot.neighbours.iter().any(|named| named.reading == Reading::Unreadable) {
        return None;
    }
    let before = draft
        .sessions()
        .filter(|session| session.id != *candidate.session)
        .filter_map(|session| session.launch(candidate.process).map(|launch| (session, launch)))
        .reduce(|newest, next| if next.1.started.is_after(&newest.1.started) { next } else { newest })
        .map(|(session, _)| session.id.clone())?;
    let runs = unfinished_runs(draft, &before);
    let [id] = runs.as_slice() else { return None };
    if draft.run(id)?.owner.process != *candidate.process {
        return None;
    }
    transfer(request, draft, id, owner(candidate), Reason::FollowedInProcess);
    Some(Reason::FollowedInProcess)
}

/// Makes `owner` the owner of a run: the one place where a fence grows.
pub fn transfer(request: &Request, draft: &mut Draft, id: &RunId, owner: Owner, reason: Reason) {
    loops::reset_turn(draft, id);
    let Some(run) = draft.run_mut(id) else { return };
    run.fence = run.fence.next();
    // Marks of an end do not fit a run that goes on; only a foreign or damaged state has them.
    run.finished = None;
    run.stop_reason = run.stop_reason.take().filter(|_| run.status != Status::Active);
    let told = NotificationId { run: id.clone(), fence: run.fence, reason };
    let from = std::mem::replace(&mut run.owner, owner.clone());
    run.history.push(Transfer { fence: run.fence, from: from.clone(), at: request.now.clone(), reason });
    let spare = run.history.len().saturating_sub(MAX_HISTORY);
    run.history.drain(..spare);
    let left = from.session.as_ref().filter(|id| !owner.is_session(id));
    if let Some(session) = left.and_then(|id| draft.session_mut(id)) {
        session.runs.retain(|run| run != id);
        session.untold = session.untold.take().filter(|told| told.run != *id);
    }
    if let Some(session) = owner.session.as_ref().and_then(|id| draft.session_mut(id)) {
        session.runs.retain(|run| run != id);
        session.runs.push(id.clone());
        session.untold = Some(told);
    }
}

/// Whether the run stood still for longer than the threshold, and by which time that was judged.
fn idle_since(request: &Request, draft: &Draft, run: &Run) -> Option<(u64, &'static str)> {
    let limit = request.snapshot.limits.stale_after_ms;
    let written = (run.updated.age_ms(&request.now), "the run's record");
    let session = run.owner.session.as_ref().and_then(|id| draft.session(id));
    let session = session.map(|session| (session.updated.age_ms(&request.now), "the session's record"));
    let log =
        request.snapshot.deliveries.iter().map(|delivery| (delivery.at.age_ms(&request.now), "the session's log"));
    let newest = std::iter::once(written).chain(session).chain(log).min_by_key(|(age, _)| *age)?;
    (newest.0 > limit).then_some(newest)
}

fn abandon(request: &Request, draft: &mut Draft, id: &RunId, (age_ms, source): (u64, &'static str)) -> Reason {
    let limit = request.snapshot.limits.stale_after_ms;
    let why = format!("no activity for {} (threshold {}; by {source})", hours(age_ms), hours(limit));
    finish(request, draft, id, (Status::Abandoned, Reason::AbandonedStale), Some(why));
    Reason::AbandonedStale
}

fn hours(ms: u64) -> String {
    let hours = ms / 3_600_000;
    if hours >= 48 { format!("{} days", hours / 24) } else { format!("{hours} h") }
}

/// Ends a run, by a row, and takes it off its owner's session. That it ended is owed to the user, if it drove its agent.
pub fn finish(request: &Request, draft: &mut Draft, id: &RunId, (status, row): (Status, Reason), why: Option<String>) {
    let Some(run) = draft.run_mut(id) else { return };
    run.status = status;
    run.finished = Some(request.now.clone());
    run.stop_reason = why;
    let session = run.owner.session.clone();
    let told = run.loop_state.is_some().then(|| NotificationId { run: id.clone(), fence: run.fence, reason: row });
    draft.move_run(id, crate::protocol::decision::Location::Archive);
    if let Some(session) = session.as_ref().and_then(|id| draft.session_mut(id)) {
        if session.runs.contains(id) {
            session.runs.retain(|run| run != id);
            session.runs_ended = session.runs_ended.saturating_add(1);
        }
        session.untold = told.or_else(|| session.untold.take().filter(|told| told.run != *id));
    }
}

fn told_of(draft: &Draft, id: &RunId, reason: Reason) -> Option<NotificationId> {
    draft.run(id).map(|run| NotificationId { run: id.clone(), fence: run.fence, reason })
}

/// Whether something is to be told now: the event can carry it, and this launch was not told before.
fn tell_once(request: &Request, draft: &mut Draft, candidate: &Candidate<'_>, told: NotificationId) -> bool {
    if !candidate.event.can_notify() {
        return false;
    }
    let Some(launch) = draft.session_mut(candidate.session).and_then(|session| session.launch_mut(candidate.process))
    else {
        return false;
    };
    if launch.told.contains(&told) {
        return false;
    }
    // A launch that was forgotten for others is still marked in the log.
    let marked = request.snapshot.told.contains(&told);
    launch.told.push(told);
    !marked
}
