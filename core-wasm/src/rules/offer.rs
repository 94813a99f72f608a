//! Interrupted runs of the project are offered to the user, and never taken.

use crate::decision::Notification;
use crate::event::Source;
use crate::process::Live;
use crate::reason::Reason;
use crate::rules::context::EventContext;
use crate::rules::notifications::{id_of, report};
use crate::run::Run;
use crate::session::{Audience, NotificationId};

/// The most runs that one session is offered.
pub const MAX_OFFERS: usize = 16;

/// Tells the user, once for each session and run, which runs of the project have lost their owner.
///
/// A common directory is no evidence that a session goes on with a run: only the user can say so.
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

/// The runs of the project that have lost their owner, and that the session was not offered, with their iterations.
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

/// Codex keeps the thread it left by `/new`, `/clear` or `/fork` loaded, so its owner lives on where nobody sees it. `/new` looks
/// like any other start: there the pane decides, and under the daemon, where no pane is known, nothing is offered.
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
