//! Decides who owns a session's run when one of its launches begins or sends a heartbeat.

use crate::decision::Notification;
use crate::event::{Event, EventName, Source};
use crate::fleet::FleetOwner;
use crate::id::RunId;
use crate::process::Live;
use crate::reason::Reason;
use crate::request::Reading;
use crate::rules::context::EventContext;
use crate::rules::notifications::{id_of, is_implied_by_loss, owner_elsewhere, report};
use crate::run::{ActivitySource, Owner, Run, Status, StopReason};
use crate::session::Audience;

/// The relation between the launch of an event and the runs of its session.
enum Situation {
    /// A run that the session names cannot be read.
    Unreadable,
    /// The fleet's database decides a run of the session, and it cannot be asked.
    Unreachable,
    /// The session owns several unfinished runs.
    Several(Vec<RunId>),
    /// The launch owns the session's run.
    Owns(RunId),
    /// Another launch owns the session's run.
    OwnedByAnother(Box<Run>),
    /// The session has no run, but the user left a session with a run in the same process.
    LeftBehind(RunId),
    /// All runs of the session have ended.
    AllEnded,
    /// The session never had a run.
    None,
}

/// Applies the ownership table and returns the row that applied.
pub fn apply(cx: &mut EventContext<'_>) -> Reason {
    match situation(cx) {
        Situation::Unreadable => Reason::RecordUnreadable,
        Situation::Unreachable => Reason::FleetUnreachable,
        Situation::Several(runs) => {
            report_several(cx, runs);
            Reason::MultipleMatchingRuns
        }
        Situation::Owns(run) => {
            refresh(cx, &run);
            Reason::OwnerPresent
        }
        Situation::OwnedByAnother(run) => match (cx.rules.owner_liveness(&run), idle(cx, &run)) {
            (Live::Yes, _) => report_owner(cx, &run, Reason::OwnerAlive),
            (Live::Unknown, _) if may_take_lapsed(cx, &run) => take(cx, &run.id, Reason::OwnerLapsed),
            (Live::Unknown, _) => report_owner(cx, &run, Reason::OwnerUnverifiable),
            (Live::No, _) if cx.rules.fleet_owner(&run) == Some(FleetOwner::HandedOver) => {
                take(cx, &run.id, Reason::HandedOver)
            }
            (Live::No, Some(why)) => {
                cx.rules.finish(&run.id, Status::Abandoned, Reason::AbandonedStale, Some(why));
                Reason::AbandonedStale
            }
            (Live::No, None) => take(cx, &run.id, Reason::ResumedSameSession),
        },
        Situation::LeftBehind(run) => take(cx, &run, Reason::FollowedInProcess),
        Situation::AllEnded => Reason::RunEnded,
        Situation::None => Reason::NoRun,
    }
}

fn situation(cx: &mut EventContext<'_>) -> Situation {
    name_fleet_runs(cx);
    let named = cx.record().map(|session| session.runs.as_slice()).unwrap_or_default();
    if named.iter().any(|run| *cx.rules.run_reading(run) == Reading::Unreadable) {
        return Situation::Unreadable;
    }
    let own = cx.rules.unfinished_runs_of(cx.session);
    if own.iter().filter_map(|id| cx.rules.draft.run(id)).any(|run| cx.rules.is_unreachable(run)) {
        return Situation::Unreachable;
    }
    if own.len() > 1 {
        return Situation::Several(own);
    }
    if let Some(run) = own.first().and_then(|id| cx.rules.draft.run(id)) {
        let owns = run.owner.process == *cx.process && !cx.rules.is_elsewhere(run);
        return if owns { Situation::Owns(run.id.clone()) } else { Situation::OwnedByAnother(Box::new(run.clone())) };
    }
    if let Some(run) = left_behind(cx).and_then(|id| cx.rules.draft.run(&id)) {
        if cx.rules.is_unreachable(run) {
            return Situation::Unreachable;
        }
        if !cx.rules.is_elsewhere(run) {
            return Situation::LeftBehind(run.id.clone());
        }
    }
    let Some(session) = cx.record_mut() else { return Situation::None };
    // The session names a run that no longer exists, because the commit that ended the run could not read this record.
    let ended = u32::try_from(session.runs.len()).unwrap_or(u32::MAX);
    session.runs.clear();
    session.runs_ended = session.runs_ended.saturating_add(ended);
    if session.runs_ended > 0 { Situation::AllEnded } else { Situation::None }
}

/// Adds the session's unfinished fleet runs to its record. A refresh may have made their copies before this machine knew the
/// session.
fn name_fleet_runs(cx: &mut EventContext<'_>) {
    let is_of_session =
        |run: &&Run| run.fleet.is_some() && run.status.is_unfinished() && run.owner.is_session(cx.session);
    let runs: Vec<RunId> = cx.rules.draft.runs().filter(is_of_session).map(|run| run.id.clone()).collect();
    let Some(session) = cx.record_mut() else { return };
    for run in runs {
        if !session.runs.contains(&run) {
            session.runs.push(run);
        }
    }
}

/// Returns whether the run moves although nothing proves that its owner has ended: the owner's lease has ended, and a user is
/// there or has configured it.
fn may_take_lapsed(cx: &EventContext<'_>, run: &Run) -> bool {
    cx.rules.owner_has_lapsed(run) && (cx.rules.request.snapshot.limits.take_lapsed || is_of_user(cx.event))
}

/// Returns whether a user caused the event. A headless session, a prompt of the client and a start that only a script may have
/// caused prove no user.
fn is_of_user(event: &Event) -> bool {
    let acts = match event.name {
        EventName::SessionStart => matches!(event.source, Some(Source::Resume | Source::Fork | Source::Clear)),
        EventName::UserPromptSubmit => event.prompt.as_ref().is_some_and(|prompt| prompt.by_user),
        _ => false,
    };
    acts && !event.headless
}

/// Returns the run of the session that the user just left by Claude's `/clear` or `/branch`. The new session has the
/// same process and pane, and the user's work continues there. Codex does not name the previous session, so no run
/// moves there.
fn left_behind(cx: &EventContext<'_>) -> Option<RunId> {
    let event = cx.event;
    if !event.agent.shows_one_session() || !matches!(event.source, Some(Source::Clear | Source::Fork)) {
        return None;
    }
    // An unreadable session may be the one that the user left.
    if cx.rules.request.snapshot.neighbours.iter().any(|named| named.reading == Reading::Unreadable) {
        return None;
    }
    let before = cx
        .rules
        .draft
        .sessions()
        .filter(|session| session.id != *cx.session)
        .filter_map(|session| session.launch(cx.process).map(|launch| (session, launch)))
        .reduce(|newest, next| if next.1.started.is_after(&newest.1.started, cx.rules.now()) { next } else { newest })
        .map(|(session, _)| &session.id)?;
    match cx.rules.unfinished_runs_of(before).as_slice() {
        [id] if cx.rules.draft.run(id)?.owner.process == *cx.process => Some(id.clone()),
        _ => None,
    }
}

fn take(cx: &mut EventContext<'_>, id: &RunId, reason: Reason) -> Reason {
    let owner = Owner {
        agent: Some(cx.event.agent),
        session: Some(cx.session.clone()),
        process: cx.process.clone(),
        pane: cx.event.pane.clone(),
        child: None,
    };
    cx.rules.transfer(id, owner, reason);
    reason
}

/// Updates the record for a live owner: its pane may have changed, and a prompt of the user makes a waiting run active.
fn refresh(cx: &mut EventContext<'_>, id: &RunId) {
    let event = cx.event;
    let Some(run) = cx.rules.draft.run_mut(id) else { return };
    if event.announces() {
        run.owner.pane.clone_from(&event.pane);
    }
    let by_user = event.prompt.as_ref().is_some_and(|prompt| prompt.by_user);
    if run.status == Status::Waiting && by_user {
        run.status = Status::Active;
        run.stop_reason = None;
    }
}

fn report_owner(cx: &mut EventContext<'_>, run: &Run, reason: Reason) -> Reason {
    let (id, audience) = (id_of(run, reason), Audience::Launch(cx.process.clone()));
    if !is_implied_by_loss(cx, &id, audience.clone()) && report(cx, &id, audience) {
        let told = owner_elsewhere(&cx.rules, run, id, None);
        cx.notifications.push(told);
    }
    reason
}

fn report_several(cx: &mut EventContext<'_>, runs: Vec<RunId>) {
    let Some(first) = runs.first().and_then(|id| cx.rules.draft.run(id)) else { return };
    let id = id_of(first, Reason::MultipleMatchingRuns);
    if report(cx, &id, Audience::Launch(cx.process.clone())) {
        cx.notifications.push(Notification::SeveralRuns { id, runs });
    }
}

/// Returns why a run counts as abandoned: its record, its owner's session and that session's log show no activity for
/// longer than the threshold.
fn idle(cx: &EventContext<'_>, run: &Run) -> Option<StopReason> {
    let now = cx.rules.now();
    let session = run.owner.session.as_ref().and_then(|id| cx.rules.draft.session(id));
    let recorded = session.map(|session| (&session.updated, ActivitySource::SessionRecord));
    let logged = cx.rules.request.snapshot.deliveries.iter().map(|it| (&it.at, ActivitySource::SessionLog));
    let (mut newest, mut source) = (&run.updated, ActivitySource::RunRecord);
    for (at, of) in recorded.into_iter().chain(logged) {
        if at.is_after(newest, now) {
            (newest, source) = (at, of);
        }
    }
    let idle_ms = newest.age_ms(now);
    let threshold_ms = cx.rules.request.snapshot.limits.stale_after_ms;
    (idle_ms > threshold_ms).then_some(StopReason::Idle { idle_ms, threshold_ms, newest: source })
}
