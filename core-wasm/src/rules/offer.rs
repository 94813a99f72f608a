//! Offers the project's interrupted runs to the user. It never transfers them.

use crate::decision::Notification;
use crate::event::Source;
use crate::process::Live;
use crate::reason::Reason;
use crate::rules::context::EventContext;
use crate::rules::notifications::{id_of, report};
use crate::run::Run;
use crate::session::{Audience, NotificationId};

/// The maximum number of runs that one session is offered.
pub const MAX_OFFERS: usize = 16;

/// Tells the user which runs of the project have lost their owner, once for each session and run.
///
/// A common directory does not prove that a session continues a run. Only the user can say so.
pub fn apply(cx: &mut EventContext<'_>) -> Option<Reason> {
    if !cx.event.can_notify() || cx.record().is_none_or(|session| !session.runs.is_empty()) {
        return None;
    }
    let mut offered = false;
    for (id, iteration) in interrupted(cx) {
        if report(cx, &id, Audience::Session) {
            cx.notifications.push(Notification::Interrupted { id, iteration });
            offered = true;
        }
    }
    offered.then_some(Reason::RunOffered)
}

/// Returns the runs of the project that have lost their owner and that the session has not been offered yet, with their
/// iterations.
fn interrupted(cx: &EventContext<'_>) -> Vec<(NotificationId, u32)> {
    let Some(session) = cx.record() else { return Vec::new() };
    let was_offered = |run: &Run| {
        session
            .outbox
            .iter()
            .any(|entry| entry.acknowledged && entry.id.reason == Reason::RunOffered && entry.id.run == run.id)
    };
    let offers = session.outbox.iter().filter(|entry| entry.acknowledged && entry.id.reason == Reason::RunOffered);
    let mut room = MAX_OFFERS.saturating_sub(offers.count());
    let mut found = Vec::new();
    for run in cx.rules.draft.runs() {
        let is_of_project = run.status.is_unfinished()
            && run.owner.session.as_ref().is_some_and(|owner| owner != cx.session)
            && run.project.is_some()
            && run.project == session.project;
        if room > 0
            && is_of_project
            && !was_offered(run)
            && (cx.rules.owner_liveness(run) == Live::No || was_left_here(cx, run))
        {
            found.push((id_of(run, Reason::RunOffered), run.iteration));
            room -= 1;
        }
    }
    found
}

/// Returns whether the run's owner is a Codex thread that the user left in this process or pane.
///
/// Codex keeps a thread loaded after `/new`, `/clear` or `/fork`, so the owner stays alive although no user can see it.
/// `/new` looks like any other start, so the pane decides. In the daemon the pane is unknown, and nothing is offered.
fn was_left_here(cx: &EventContext<'_>, run: &Run) -> bool {
    let event = cx.event;
    if event.agent.shows_one_session() || run.owner.process != *cx.process {
        return false;
    }
    match event.source {
        Some(Source::Clear | Source::Fork) => true,
        Some(Source::Startup) => event.pane.is_known() && event.pane == run.owner.pane,
        _ => false,
    }
}
