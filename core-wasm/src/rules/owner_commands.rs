//! A run is advanced, verified or finished by its owner.

use crate::draft::Draft;
use crate::protocol::id::RunId;
use crate::protocol::reason::Reason;
use crate::protocol::request::{Caller, Reading, Request};
use crate::protocol::run::{Run, Status};
use crate::rules::ownership;
use crate::rules::supervised_run;

/// What an owner says of its run.
#[derive(Default)]
pub struct Progress<'a> {
    /// The new phase.
    pub phase: Option<&'a String>,
    /// The new iteration.
    pub iteration: Option<u32>,
    /// The new limit.
    pub max_iterations: Option<u32>,
}

/// Advances a run.
pub fn update(request: &Request, draft: &mut Draft, id: &RunId, caller: &Caller, progress: &Progress<'_>) -> Reason {
    if let Err(reason) = may_advance(request, draft, id, caller) {
        return reason;
    }
    let counts = progress.iteration.is_some() || progress.max_iterations.is_some();
    if counts && draft.run(id).is_some_and(|run| run.loop_state.is_some()) {
        return Reason::IterationCountedByLoop;
    }
    if let Some(run) = draft.run_mut(id) {
        run.phase = progress.phase.cloned().or_else(|| run.phase.take());
        run.iteration = progress.iteration.unwrap_or(run.iteration);
        run.max_iterations = progress.max_iterations.or(run.max_iterations);
    }
    Reason::Updated
}

/// Says whether the caller owns the run.
pub fn verify(request: &Request, draft: &Draft, id: &RunId, caller: &Caller) -> Reason {
    may_advance(request, draft, id, caller).err().unwrap_or(Reason::Verified)
}

/// Ends a run as done or failed.
pub fn finish(
    request: &Request,
    draft: &mut Draft,
    id: &RunId,
    caller: &Caller,
    failed: bool,
    why: Option<String>,
) -> Reason {
    if let Err(reason) = may_advance(request, draft, id, caller) {
        return reason;
    }
    let status = if failed { Status::Failed } else { Status::Done };
    ownership::finish(request, draft, id, (status, Reason::Finished), why);
    Reason::Finished
}

/// The unfinished run of that id, or why there is none.
pub fn unfinished<'a>(request: &Request, draft: &'a Draft, id: &RunId) -> Result<&'a Run, Reason> {
    let named = request.snapshot.runs.iter().find(|named| named.id == id.as_str());
    match named.map(|named| &named.reading) {
        Some(Reading::Unreadable) => Err(Reason::RecordUnreadable),
        None | Some(Reading::Absent | Reading::Deleted) => Err(Reason::RunNotFound),
        Some(Reading::Live(_) | Reading::Archived(_)) => {
            let run = draft.run(id).ok_or(Reason::RunNotFound)?;
            if run.status.is_unfinished() { Ok(run) } else { Err(Reason::AlreadyEnded) }
        }
    }
}

/// A writer needs the present number, or to stand beneath the owner, as a tool call of its session does.
fn may_advance(request: &Request, draft: &Draft, id: &RunId, caller: &Caller) -> Result<(), Reason> {
    let run = unfinished(request, draft, id)?;
    match caller.fence {
        Some(fence) if fence == run.fence => Ok(()),
        Some(_) => Err(Reason::FenceStale),
        None if is_beneath(caller, run) => Ok(()),
        None => Err(Reason::NotOwner),
    }
}

fn is_beneath(caller: &Caller, run: &Run) -> bool {
    if run.owner.session.is_none() {
        return caller.supervisor_claim.as_ref().is_some_and(|claim| supervised_run::is_beneath(run, claim));
    }
    let same_session = caller.session.as_ref().is_none_or(|session| run.owner.is_session(session));
    same_session && caller.ancestors.contains(&run.owner.process)
}
