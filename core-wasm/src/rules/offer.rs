//! Interrupted runs of the project are offered to the user, and never taken.

use crate::draft::Draft;
use crate::protocol::decision::Notification;
use crate::protocol::event::{Event, Source};
use crate::protocol::id::{RunId, SessionId};
use crate::protocol::process::{Live, Process};
use crate::protocol::reason::Reason;
use crate::protocol::request::Request;
use crate::protocol::run::Run;
use crate::protocol::session::NotificationId;
use crate::rules::ownership::owner_liveness;

/// The most runs that one session is offered.
pub const MAX_OFFERS: usize = 16;

/// Tells the user, once for each session and run, which runs of the project have lost their owner.
///
/// A common directory is no evidence that a session goes on with a run: only the user can say so.
pub fn apply(
    request: &Request,
    draft: &mut Draft,
    event: &Event,
    id: &SessionId,
    process: &Process,
    notifications: &mut Vec<Notification>,
) -> Option<Reason> {
    let session = draft.session(id).filter(|session| session.runs.is_empty() && event.can_notify())?;
    let here = |run: &&Run| {
        run.status.is_unfinished()
            && run.owner.session.as_ref().is_some_and(|owner| owner != id)
            && run.project.is_some()
            && run.project == session.project
            && !session.offered.contains(&run.id)
    };
    let offers: Vec<(NotificationId, u32)> = draft
        .runs()
        .filter(here)
        .filter(|run| owner_liveness(request, draft, run) == Live::No || was_left_here(event, process, run))
        .take(MAX_OFFERS.saturating_sub(session.offered.len()))
        .map(|run| {
            (NotificationId { run: run.id.clone(), fence: run.fence, reason: Reason::RunOffered }, run.iteration)
        })
        .collect();
    let runs: Vec<RunId> = offers.iter().map(|(told, _)| told.run.clone()).collect();
    notifications.extend(offers.into_iter().map(|(told, iteration)| Notification::Interrupted { told, iteration }));
    draft.session_mut(id)?.offered.extend(runs.iter().cloned());
    (!runs.is_empty()).then_some(Reason::RunOffered)
}

/// Codex keeps the thread it left by `/new`, `/clear` or `/fork` loaded, so its owner lives on where nobody sees it. `/new` looks
/// like any other start: there the pane decides, and under the daemon, where no pane is known, nothing is offered.
fn was_left_here(event: &Event, process: &Process, run: &Run) -> bool {
    if event.agent.shows_one_session() || run.owner.process != *process {
        return false;
    }
    match event.source {
        Some(Source::Clear | Source::Fork) => true,
        Some(Source::Startup) => event.pane.is_known() && event.pane == run.owner.pane,
        _ => false,
    }
}
