//! The owner's commands: update, verify and finish a run.

use crate::id::RunId;
use crate::reason::Reason;
use crate::request::Caller;
use crate::rules::context::RuleContext;
use crate::run::{Run, Status, StopReason};

/// What the owner reports about its run.
#[derive(Default)]
pub struct Progress<'a> {
    /// The new phase.
    pub phase: Option<&'a String>,
    /// The new iteration.
    pub iteration: Option<u32>,
    /// The new limit of iterations.
    pub max_iterations: Option<u32>,
}

/// Updates a run.
pub fn update(cx: &mut RuleContext<'_>, id: &RunId, caller: &Caller, progress: &Progress<'_>) -> Reason {
    let counts = progress.iteration.is_some() || progress.max_iterations.is_some();
    match cx.run_of(caller, id) {
        Err(reason) => return reason,
        Ok(run) if counts && run.loop_state.is_some() => return Reason::IterationCountedByLoop,
        Ok(_) => {}
    }
    if let Some(run) = cx.draft.run_mut(id) {
        if progress.phase.is_some() {
            run.phase = progress.phase.cloned();
        }
        run.iteration = progress.iteration.unwrap_or(run.iteration);
        run.max_iterations = progress.max_iterations.or(run.max_iterations);
    }
    Reason::Updated
}

/// Returns whether the caller owns the run, as a reason code.
#[must_use]
pub fn verify(cx: &RuleContext<'_>, id: &RunId, caller: &Caller) -> Reason {
    cx.run_of(caller, id).err().unwrap_or(Reason::Verified)
}

/// Ends a run as done or failed.
pub fn finish(cx: &mut RuleContext<'_>, id: &RunId, caller: &Caller, status: Status, why: Option<&String>) -> Reason {
    if let Err(reason) = cx.run_of(caller, id) {
        return reason;
    }
    cx.finish(id, status, Reason::Finished, why.cloned().map(StopReason::Stated));
    Reason::Finished
}

impl RuleContext<'_> {
    /// Returns the unfinished run if the caller may update it: the caller knows the current fence, or it is a
    /// descendant of the owner, such as a tool call of the owner's session.
    ///
    /// Only the owner's machine may update a fleet run. In a copy of that machine, a copy of the owner has the same process and
    /// knows the same fence.
    fn run_of(&self, caller: &Caller, id: &RunId) -> Result<&Run, Reason> {
        let run = self.unfinished_run(id)?;
        match caller.fence {
            Some(fence) if fence != run.fence => Err(Reason::FenceStale),
            _ if self.is_elsewhere(run) => Err(Reason::NotOwner),
            Some(_) => Ok(run),
            None if is_below_owner(caller, run) => Ok(run),
            None => Err(Reason::NotOwner),
        }
    }
}

fn is_below_owner(caller: &Caller, run: &Run) -> bool {
    if run.owner.session.is_none() {
        return caller.supervisor_claim.as_ref().is_some_and(|claim| claim.matches(run));
    }
    let same_session = caller.session.as_ref().is_none_or(|session| run.owner.is_session(session));
    same_session && caller.ancestors.contains(&run.owner.process)
}
