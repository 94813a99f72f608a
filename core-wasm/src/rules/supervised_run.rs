//! Supervised runs (`baton run with`). The supervisor owns the run, and the agents below its command are the
//! iterations.

use crate::fence::Fence;
use crate::fleet::FleetRun;
use crate::id::RunId;
use crate::pane::Pane;
use crate::process::{Live, Process};
use crate::reason::Reason;
use crate::request::Reading;
use crate::rules::context::{EventContext, RuleContext};
use crate::rules::start::new_run;
use crate::run::{Owner, RunName};

/// A supervisor and the run that it starts.
pub struct Supervisor<'a> {
    /// The run's name.
    pub name: &'a RunName,
    /// The worktree root.
    pub project: Option<&'a String>,
    /// The supervisor's process.
    pub process: &'a Process,
    /// The supervisor's pane.
    pub pane: &'a Pane,
    /// What earlier commands of this name left behind; none where that is not known.
    pub survivors: Option<&'a [Process]>,
    /// Whether the user says that the earlier command is gone if nobody can tell.
    pub force: bool,
    /// The fleet that a new run belongs to.
    pub fleet: Option<&'a FleetRun>,
}

impl Supervisor<'_> {
    /// Why its command cannot begin beside what earlier ones left behind.
    fn refusal(&self) -> Option<Reason> {
        match self.survivors {
            None if !self.force => Some(Reason::OwnerUnverifiable),
            None | Some([]) => None,
            Some(_) => Some(Reason::IterationAlive),
        }
    }
}

/// Starts the run, or continues it once both its supervisor and its command are gone.
pub fn with(cx: &mut RuleContext<'_>, id: &RunId, by: &Supervisor<'_>) -> Reason {
    let owner = Owner { agent: None, session: None, process: by.process.clone(), pane: by.pane.clone(), child: None };
    if *cx.run_reading(id) == Reading::Absent {
        if cx.is_known_unreachable(id) {
            return Reason::FleetUnreachable;
        }
        if let Some(reason) = by.refusal() {
            return reason;
        }
        let mut run = new_run(cx.request, id, by.name, owner, by.project.cloned());
        run.fleet = by.fleet.cloned();
        cx.draft.add_run(run);
        return Reason::Started;
    }
    let run = match cx.unfinished_run(id) {
        Err(reason) => return reason,
        Ok(run) => run,
    };
    if run.owner.session.is_some() || run.name != *by.name || run.project.as_ref() != by.project {
        return Reason::SessionOwnsRun;
    }
    let may_move = by.force || (cx.request.snapshot.limits.take_lapsed && cx.owner_has_lapsed(run));
    match cx.owner_liveness(run) {
        Live::Yes => Reason::OwnerAlive,
        Live::Unknown if !may_move => Reason::OwnerUnverifiable,
        Live::Unknown | Live::No => by.refusal().unwrap_or_else(|| {
            cx.transfer(id, owner, Reason::SupervisedRunResumed);
            Reason::SupervisedRunResumed
        }),
    }
}

/// Records the command's process. If another supervisor has taken over since, the fence is stale, and the command never
/// starts.
pub fn attach(cx: &mut RuleContext<'_>, id: &RunId, fence: Fence, child: &Process) -> Reason {
    match cx.unfinished_run(id) {
        Err(reason) => return reason,
        Ok(run) if run.owner.session.is_some() || cx.is_elsewhere(run) => return Reason::NotOwner,
        Ok(run) if run.fence != fence => return Reason::FenceStale,
        Ok(run) if run.owner.child.is_some() => return Reason::OwnerAlive,
        Ok(_) => {}
    }
    if let Some(run) = cx.draft.run_mut(id) {
        run.owner.child = Some(child.clone());
    }
    Reason::Attached
}

/// Returns whether the launch is an iteration of a supervised run, and so cannot own a run. The first event that shows
/// this counts the iteration. An agent that was started by a tool of another agent is not counted.
pub fn is_iteration(cx: &mut EventContext<'_>) -> bool {
    match cx.launch() {
        None => return false,
        Some(launch) if launch.iteration_of.is_some() => return true,
        Some(_) => {}
    }
    let Some(claim) = &cx.event.supervisor_claim else { return false };
    let run = cx.rules.draft.run(&claim.run);
    let Some(run) = run.filter(|run| run.status.is_unfinished() && claim.matches(run)) else { return false };
    let depth = |process: Option<&Process>| claim.ancestors.iter().position(|ancestor| Some(ancestor) == process);
    let nested = depth(claim.nested_in.as_ref()).is_some_and(|agent| Some(agent) <= depth(run.owner.child.as_ref()));
    // Only the machine of the owner counts.
    let counts = !nested && !cx.rules.is_elsewhere(run) && !cx.rules.is_unreachable(run);
    let process = cx.process;
    if let Some(launch) = cx.record_mut().and_then(|session| session.launch_mut(process)) {
        launch.iteration_of = Some(claim.run.clone());
    }
    if let Some(run) = cx.rules.draft.run_mut(&claim.run).filter(|_| counts) {
        run.iteration = run.iteration.saturating_add(1);
    }
    true
}
