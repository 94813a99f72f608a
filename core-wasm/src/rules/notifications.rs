//! The outbox of a session: what its user and model are to be told.
//!
//! **Architecture invariant.** A notification is delivered at least once, and not again after its acknowledgement was seen. A hook
//! that dies between its commit and its reply leaves no acknowledgement in the session's log, so the next event that can carry the
//! notification says it again.
//!
//! An announcement (a run was transferred or abandoned, a loop ended or stands still) stands in the outbox until it is acknowledged. A standing
//! condition (another process owns the run, a run is offered) stays in the outbox afterwards, marked, so that no later event
//! repeats it to the same audience.

use crate::decision::Notification;
use crate::reason::Reason;
use crate::rules::context::EventContext;
use crate::run::{Run, StopReason};
use crate::session::{Audience, MAX_OUTBOX, NotificationId, OutboxEntry};

/// Takes note of what the session's log acknowledges.
pub fn acknowledge(cx: &mut EventContext<'_>) {
    let acknowledged = &cx.rules.request.snapshot.acknowledged;
    let audience = Audience::Launch(cx.process.clone());
    if !cx.event.can_notify() {
        return;
    }
    let Some(session) = cx.record_mut() else { return };
    for entry in &mut session.outbox {
        let concerned = entry.audience == audience || entry.audience == Audience::Session;
        entry.acknowledged |= concerned && acknowledged.contains(&entry.id);
    }
    session.outbox.retain(|entry| entry.id.reason.is_standing() || !entry.acknowledged);
}

/// Whether the outbox holds an offer that is not acknowledged.
#[must_use]
pub fn owes_offer(cx: &EventContext<'_>) -> bool {
    let is_owed = |entry: &OutboxEntry| entry.id.reason == Reason::RunOffered && !entry.acknowledged;
    cx.event.can_notify() && cx.record().is_some_and(|session| session.outbox.iter().any(is_owed))
}

/// Says the announcements that are owed, as far as they still hold and the reply to the event can carry them.
pub fn announce(cx: &mut EventContext<'_>) {
    let outbox = cx.record().map(|session| session.outbox.clone()).unwrap_or_default();
    for OutboxEntry { id, .. } in outbox {
        if cx.rules.request.snapshot.acknowledged.contains(&id) {
            continue;
        }
        let Some(run) = cx.rules.draft.run(&id.run) else { continue };
        if run.fence != id.fence || !run.owner.is_session(cx.session) {
            continue;
        }
        let unfinished = run.status.is_unfinished();
        let owns = unfinished && run.owner.process == *cx.process;
        let notification = match id.reason {
            reason if reason.is_standing() => None,
            Reason::AbandonedStale => (!unfinished && cx.event.can_notify_user()).then(|| abandoned(run, id)),
            reason if reason.ends_loop() => (!unfinished && cx.event.can_notify_user()).then(|| of_loop(run, id)),
            reason if reason.suspends_loop() => (owns && cx.event.can_notify_user()).then(|| of_loop(run, id)),
            _ => (owns && cx.event.can_notify()).then(|| transferred(run, id)),
        };
        cx.notifications.extend(notification);
    }
}

/// Puts a standing condition into the outbox. Returns whether it is to be said now: the event can carry it, and its audience does
/// not know it yet.
pub fn report(cx: &mut EventContext<'_>, id: &NotificationId, audience: Audience) -> bool {
    if !cx.event.can_notify() {
        return false;
    }
    // A launch that was forgotten for others is still in the log.
    let acknowledged = cx.rules.request.snapshot.acknowledged.contains(id);
    let Some(session) = cx.record_mut() else { return false };
    if let Some(entry) = session.outbox.iter().find(|entry| entry.id == *id && entry.audience == audience) {
        return !entry.acknowledged;
    }
    session.outbox.push(OutboxEntry { id: id.clone(), audience, acknowledged });
    while session.outbox.len() > MAX_OUTBOX {
        let oldest = session.outbox.iter().position(|entry| entry.acknowledged).unwrap_or(0);
        session.outbox.remove(oldest);
    }
    !acknowledged
}

/// What is said of a loop: that it goes round again, ended, or stands still.
#[must_use]
pub fn of_loop(run: &Run, id: NotificationId) -> Notification {
    Notification::Loop { id, iteration: run.iteration, of: run.max_iterations }
}

/// What is said of a rule that applied to a run just now.
#[must_use]
pub fn id_of(run: &Run, reason: Reason) -> NotificationId {
    NotificationId { run: run.id.clone(), fence: run.fence, reason, revision: None }
}

/// What is owed of a loop that stands still by a rule which no reply could say.
#[must_use]
pub fn owed_suspension(run: &Run, reason: Reason) -> OutboxEntry {
    let id = NotificationId { revision: Some(run.revision), ..id_of(run, reason) };
    OutboxEntry { id, audience: Audience::Launch(run.owner.process.clone()), acknowledged: false }
}

fn abandoned(run: &Run, id: NotificationId) -> Notification {
    let (idle_ms, threshold_ms) = match run.stop_reason {
        Some(StopReason::Idle { idle_ms, threshold_ms, .. }) => (idle_ms, threshold_ms),
        Some(StopReason::Stated(_) | StopReason::Rule(_)) | None => (0, 0),
    };
    Notification::Abandoned { id, iteration: run.iteration, idle_ms, threshold_ms }
}

fn transferred(run: &Run, id: NotificationId) -> Notification {
    let from = run.history.last().map(|transfer| transfer.from.pane.clone()).unwrap_or_default();
    Notification::Transferred { id, iteration: run.iteration, from }
}
