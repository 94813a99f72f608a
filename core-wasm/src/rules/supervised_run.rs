//! A run that a command drives (`baton run with`): its supervisor owns it, and the agents beneath are its iterations.

use crate::draft::Draft;
use crate::protocol::event::Event;
use crate::protocol::fence::Fence;
use crate::protocol::id::{RunId, SessionId};
use crate::protocol::pane::Pane;
use crate::protocol::process::{Live, Process};
use crate::protocol::reason::Reason;
use crate::protocol::request::{Reading, Request, SupervisorClaim};
use crate::protocol::run::{Owner, Run, RunName};
use crate::rules::owner_commands::unfinished;
use crate::rules::ownership::{owner_liveness, transfer};
use crate::rules::start::new_run;

/// A supervisor and what it starts.
pub struct Supervisor<'a> {
    /// What the run is called.
    pub name: &'a RunName,
    /// The worktree root.
    pub project: Option<&'a String>,
    /// Its process.
    pub process: &'a Process,
    /// Its pane.
    pub pane: &'a Pane,
}

/// Starts the run, or goes on with it. Over means that both the supervisor and the command are gone.
pub fn with(request: &Request, draft: &mut Draft, id: &RunId, by: &Supervisor<'_>) -> Reason {
    let owner = Owner { agent: None, session: None, process: by.process.clone(), pane: by.pane.clone(), child: None };
    let named = request.snapshot.runs.iter().find(|named| named.id == id.as_str());
    if named.is_none_or(|named| named.reading == Reading::Absent) {
        draft.add_run(new_run(request, id, by.name, owner, by.project.cloned()));
        return Reason::Started;
    }
    let run = match unfinished(request, draft, id) {
        Err(reason) => return reason,
        Ok(run) => run,
    };
    if run.owner.session.is_some() || run.name != *by.name || run.project.as_ref() != by.project {
        return Reason::SessionOwnsRun;
    }
    match owner_liveness(request, draft, run) {
        Live::Yes => return Reason::OwnerAlive,
        Live::Unknown => return Reason::OwnerUnverifiable,
        Live::No => {}
    }
    transfer(request, draft, id, owner, Reason::SupervisedRunResumed);
    Reason::SupervisedRunResumed
}

/// Records the command. One that a supervisor started which has been replaced since is refused by its number, and never begins.
pub fn attach(request: &Request, draft: &mut Draft, id: &RunId, fence: Fence, child: &Process) -> Reason {
    match unfinished(request, draft, id) {
        Err(reason) => return reason,
        Ok(run) if run.owner.session.is_some() => return Reason::NotOwner,
        Ok(run) if run.fence != fence => return Reason::FenceStale,
        Ok(run) if run.owner.child.is_some() => return Reason::OwnerAlive,
        Ok(_) => {}
    }
    if let Some(run) = draft.run_mut(id) {
        run.owner.child = Some(child.clone());
    }
    Reason::Attached
}

/// Whether a claim to stand beneath the command of a run is true.
#[must_use]
pub fn is_beneath(run: &Run, claim: &SupervisorClaim) -> bool {
    let child = run.owner.child.as_ref();
    claim.run == run.id && claim.fence == run.fence && child.is_some_and(|child| claim.ancestors.contains(child))
}

/// Whether the launch is an iteration of a command's run; the first event that shows so counts it. An agent in a tool of another is no
/// iteration more.
pub fn apply(draft: &mut Draft, event: &Event, id: &SessionId, process: &Process) -> Option<Reason> {
    let known = draft.session(id)?.launch(process)?.iteration_of.is_some();
    if known {
        return Some(Reason::SupervisedIteration);
    }
    let claim = event.supervisor_claim.as_ref()?;
    let run = draft.run(&claim.run).filter(|run| run.status.is_unfinished() && is_beneath(run, claim))?;
    let at = |process: Option<&Process>| claim.ancestors.iter().position(|ancestor| Some(ancestor) == process);
    let within = at(claim.nested_in.as_ref()).is_some_and(|within| Some(within) <= at(run.owner.child.as_ref()));
    let launch = draft.session_mut(id)?.launch_mut(process)?;
    launch.iteration_of = Some(claim.run.clone());
    if let Some(run) = draft.run_mut(&claim.run).filter(|_| !within) {
        run.iteration = run.iteration.saturating_add(1);
    }
    Some(Reason::SupervisedIteration)
}
