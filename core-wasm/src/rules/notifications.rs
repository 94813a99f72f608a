//! The outbox of a session: the notifications for its user and its model.
//!
//! **Architecture invariant.** A notification is delivered at least once, and not again after its acknowledgement was
//! seen. If a hook dies between its commit and its reply, the session's log contains no acknowledgement. The next event
//! that can carry the notification delivers it again.
//!
//! An announcement (a run was transferred or abandoned, a loop ended or was suspended) leaves the outbox when it is
//! acknowledged. A standing condition (another process owns the run, a run is offered) stays in the outbox, marked as
//! acknowledged, so that no later event repeats it to the same audience.

use crate::decision::Notification;
use crate::reason::Reason;
use crate::rules::context::{EventContext, RuleContext};
use crate::run::{Run, StopReason};
use crate::session::{Audience, Dropped, MAX_OUTBOX, NotificationId, OutboxEntry};

/// Marks the entries that the session's log acknowledges.
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
    // The loop's next event still needs to know that its last Stop was not answered.
    let stays = |reason: Reason| reason.is_standing() || reason == Reason::FleetUnreachable;
    session.outbox.retain(|entry| stays(entry.id.reason) || !entry.acknowledged);
}

/// Returns whether the outbox holds an offer that is not acknowledged.
#[must_use]
pub fn owes_offer(cx: &EventContext<'_>) -> bool {
    let is_owed = |entry: &OutboxEntry| entry.id.reason.is_offer() && !entry.acknowledged;
    cx.event.can_notify() && cx.record().is_some_and(|session| session.outbox.iter().any(is_owed))
}

/// Delivers the owed announcements that still hold and that the reply to the event can carry.
pub fn announce(cx: &mut EventContext<'_>) {
    let outbox = cx.record().map(|session| session.outbox.clone()).unwrap_or_default();
    for OutboxEntry { id, acknowledged, dropped, .. } in outbox {
        if acknowledged || cx.rules.request.snapshot.acknowledged.contains(&id) {
            continue;
        }
        let Some(run) = cx.rules.draft.run(&id.run) else { continue };
        if id.reason == Reason::OwnershipLost {
            // Whoever owns the run now, this session lost it then.
            let told = cx.event.can_notify_user().then(|| owner_elsewhere(&cx.rules, run, id, dropped));
            cx.notifications.extend(told);
            continue;
        }
        if run.fence != id.fence || !run.owner.is_session(cx.session) {
            continue;
        }
        let unfinished = run.status.is_unfinished();
        let owns = unfinished && run.owner.process == *cx.process && !cx.rules.is_elsewhere(run);
        let unreachable = cx.rules.is_unreachable(run);
        let notification = match id.reason {
            reason if reason.is_standing() => None,
            reason if reason.abandons() => (!unfinished && cx.event.can_notify_user()).then(|| abandoned(run, id)),
            reason if reason.ends_loop() => (!unfinished && cx.event.can_notify_user()).then(|| of_loop(run, id)),
            reason if reason.suspends_loop() => (owns && cx.event.can_notify_user()).then(|| of_loop(run, id)),
            Reason::FleetUnreachable => (owns && unreachable && cx.event.can_notify_user()).then(|| of_loop(run, id)),
            _ => (owns && !unreachable && cx.event.can_notify()).then(|| transferred(run, id)),
        };
        cx.notifications.extend(notification);
    }
}

/// Adds a standing condition to the outbox. Returns whether to deliver it now: the event can carry it, and its audience
/// has not acknowledged it.
pub fn report(cx: &mut EventContext<'_>, id: &NotificationId, audience: Audience) -> bool {
    if !cx.event.can_notify() {
        return false;
    }
    // The log still has the acknowledgement of a launch that was removed from the record.
    let acknowledged = cx.rules.request.snapshot.acknowledged.contains(id);
    let Some(session) = cx.record_mut() else { return false };
    if let Some(entry) = session.outbox.iter().find(|entry| entry.id == *id && entry.audience == audience) {
        return !entry.acknowledged;
    }
    session.outbox.push(OutboxEntry { id: id.clone(), audience, acknowledged, dropped: None });
    while session.outbox.len() > MAX_OUTBOX {
        let oldest = session.outbox.iter().position(|entry| entry.acknowledged).unwrap_or(0);
        session.outbox.remove(oldest);
    }
    !acknowledged
}

/// Adds a standing condition that counts as told if the session still has to be told that it lost the run to that owner. Returns
/// whether it is so.
pub fn is_implied_by_loss(cx: &mut EventContext<'_>, id: &NotificationId, audience: Audience) -> bool {
    let is_loss = |entry: &OutboxEntry| {
        entry.id.reason == Reason::OwnershipLost && (&entry.id.run, entry.id.fence) == (&id.run, id.fence)
    };
    let Some(session) = cx.record_mut() else { return false };
    if !session.outbox.iter().any(|entry| is_loss(entry) && !entry.acknowledged) {
        return false;
    }
    if session.outbox.iter().all(|entry| entry.id != *id || entry.audience != audience) {
        session.outbox.push(OutboxEntry { id: id.clone(), audience, acknowledged: true, dropped: None });
    }
    true
}

/// Returns the notification about a loop that continues, has ended or was suspended.
#[must_use]
pub fn of_loop(run: &Run, id: NotificationId) -> Notification {
    Notification::Loop { id, iteration: run.iteration, of: run.max_iterations }
}

/// Returns the identity of a notification about a reason that has just applied to a run.
#[must_use]
pub fn id_of(run: &Run, reason: Reason) -> NotificationId {
    NotificationId { run: run.id.clone(), fence: run.fence, reason, revision: None }
}

/// Returns the outbox entry for a loop that was suspended by an event whose reply cannot say so.
#[must_use]
pub fn owed_suspension(run: &Run, reason: Reason) -> OutboxEntry {
    let id = NotificationId { revision: Some(run.revision), ..id_of(run, reason) };
    OutboxEntry { id, audience: Audience::Launch(run.owner.process.clone()), acknowledged: false, dropped: None }
}

/// Returns the notification that another process owns a run.
#[must_use]
pub fn owner_elsewhere(
    rules: &RuleContext<'_>,
    run: &Run,
    id: NotificationId,
    dropped: Option<Dropped>,
) -> Notification {
    let (pane, pid) = (run.owner.pane.clone(), run.owner.process.pid);
    let other_machine = id.reason == Reason::OwnershipLost || rules.is_elsewhere(run);
    let handed_over = run.fleet.as_ref().is_some_and(|fleet| fleet.machine.is_none());
    let lapsed = rules.owner_has_lapsed(run);
    Notification::OwnerElsewhere { id, pane, pid, other_machine, lapsed, dropped, handed_over }
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
