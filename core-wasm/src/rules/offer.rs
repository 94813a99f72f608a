//! Interrupted runs of the project are offered to the user, and never taken.

use crate::decision::Tell;
use crate::draft::Draft;
use crate::event::{Event, Source};
use crate::id::{RunId, SessionId};
use crate::process::{Live, Process};
use crate::reason::Reason;
use crate::request::Request;
use crate::rules::ownership::owner_lives;
use crate::run::Run;
use crate::session::Told;

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
    tells: &mut Vec<Tell>,
) -> Option<Reason> {
    let session = draft.session(id).filter(|session| session.runs.is_empty() && event.can_tell())?;
    let here = |run: &&Run| {
        run.status.is_unfinished()
            && run.owner.session.as_ref().is_some_and(|owner| owner != id)
            && run.project.is_some()
            && run.project == session.project
            && !session.offered.contains(&run.id)
    };
    let offers: Vec<(Told, u32)> = draft
        .runs()
        .filter(here)
        .filter(|run| owner_lives(request, draft, run) == Live::No || was_left_here(event, process, run))
        .take(MAX_OFFERS.saturating_sub(session.offered.len()))
        .map(|run| (Told { run: run.id.clone(), fence: run.fence, reason: Reason::RunOffered }, run.iteration))
        .collect();
    let runs: Vec<RunId> = offers.iter().map(|(told, _)| told.run.clone()).collect();
    tells.extend(offers.into_iter().map(|(told, iteration)| Tell::Interrupted { told, iteration }));
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
