//! Offers the project's interrupted runs to the user. It never transfers them.

use crate::decision::Notification;
use crate::event::Source;
use crate::fleet::FleetOwner;
use crate::process::Live;
use crate::reason::Reason;
use crate::rules::context::EventContext;
use crate::rules::notifications::{id_of, report};
use crate::run::Run;
use crate::session::{Audience, NotificationId};

/// The maximum number of runs that one session is offered.
pub const MAX_OFFERS: usize = 16;

/// Tells the user which runs of the project have lost their owner or were left in this window, once for each session
/// and run.
///
/// A common directory does not prove that a session continues a run. Only the user can say so.
pub fn apply(cx: &mut EventContext<'_>) -> Option<Reason> {
    if !cx.event.can_notify() || cx.record().is_none_or(|session| !session.runs.is_empty()) {
        return None;
    }
    let mut offered = None;
    for (id, iteration, lapsed) in offers(cx) {
        if report(cx, &id, Audience::Session) {
            // The left run is the more specific case, so it names the whole decision.
            offered = offered.filter(|&reason| reason == Reason::RunLeftLoaded).or(Some(id.reason));
            cx.notifications.push(Notification::Interrupted { id, iteration, lapsed });
        }
    }
    offered
}

/// Returns the offers that the session has not got yet, with the iterations of their runs, and whether the owner may still be
/// alive because only its lease has ended.
fn offers(cx: &EventContext<'_>) -> Vec<(NotificationId, u32, bool)> {
    let Some(session) = cx.record() else { return Vec::new() };
    let was_offered = |run: &Run| {
        session.outbox.iter().any(|entry| entry.acknowledged && entry.id.reason.is_offer() && entry.id.run == run.id)
    };
    let acknowledged = session.outbox.iter().filter(|entry| entry.acknowledged && entry.id.reason.is_offer());
    let mut room = MAX_OFFERS.saturating_sub(acknowledged.count());
    let mut found = Vec::new();
    for run in cx.rules.draft.runs() {
        let is_of_project = run.status.is_unfinished()
            && run.owner.session.as_ref().is_some_and(|owner| owner != cx.session)
            && run.project.is_some()
            && run.project == session.project;
        if room == 0 || !is_of_project || was_offered(run) {
            continue;
        }
        if let Some(reason) = reason_to_offer(cx, run) {
            found.push((id_of(run, reason), run.iteration, cx.rules.owner_has_lapsed(run)));
            room -= 1;
        }
    }
    found
}

/// Returns why the run is offered: its owner is gone or its owner's lease has ended, or the user left the owner in this window.
fn reason_to_offer(cx: &EventContext<'_>, run: &Run) -> Option<Reason> {
    if matches!(cx.rules.fleet_owner(run), Some(FleetOwner::HandedOver | FleetOwner::Unreachable)) {
        // A run that was handed over waits for its own session.
        return None;
    }
    if cx.rules.owner_liveness(run) == Live::No || cx.rules.owner_has_lapsed(run) {
        return Some(Reason::RunOffered);
    }
    was_left_here(cx, run).then_some(Reason::RunLeftLoaded)
}

/// Returns whether the run's owner is a Codex thread that the user left in this process or pane.
///
/// Codex keeps a thread loaded after `/new`, `/clear` or `/fork`, so the owner stays alive although no user can see it.
/// `/new` looks like any other start, so the pane decides. In the daemon the pane is unknown, and nothing is offered.
fn was_left_here(cx: &EventContext<'_>, run: &Run) -> bool {
    let event = cx.event;
    if event.agent.shows_one_session() || run.owner.process != *cx.process || cx.rules.is_elsewhere(run) {
        return false;
    }
    match event.source {
        Some(Source::Clear | Source::Fork) => true,
        Some(Source::Startup) => event.pane.is_known() && event.pane == run.owner.pane,
        _ => false,
    }
}
