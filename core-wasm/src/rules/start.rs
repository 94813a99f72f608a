//! Starts a run.

use crate::decision::Location;
use crate::fence::Fence;
use crate::fleet::FleetRun;
use crate::id::{RunId, SessionId};
use crate::loop_state::{Loop, LoopLimits};
use crate::process::{Live, Process};
use crate::reason::Reason;
use crate::request::{Reading, Request};
use crate::rules::context::RuleContext;
use crate::run::{Owner, Run, RunName, Status};

/// What a new run starts with.
pub struct NewRun<'a> {
    /// Its id.
    pub run: &'a RunId,
    /// Its name.
    pub name: &'a RunName,
    /// Its first phase.
    pub phase: Option<&'a String>,
    /// Its limit of iterations.
    pub max_iterations: Option<u32>,
    /// Its limits, if it is a loop.
    pub loop_limits: Option<&'a LoopLimits>,
    /// The fleet that it belongs to.
    pub fleet: Option<&'a FleetRun>,
}

/// Starts a run that the launch of `session` in `process` owns. A session owns at most one unfinished run.
pub fn apply(cx: &mut RuleContext<'_>, new: &NewRun<'_>, session: &SessionId, process: &Process) -> Reason {
    let owner = match cx.launch_owner(session, process) {
        Ok(owner) => owner,
        Err(reason) => return reason,
    };
    if let Some(reason) = cx.owns_another(session, new.run) {
        return reason;
    }
    if cx.is_known_unreachable(new.run) {
        return Reason::FleetUnreachable;
    }
    cx.reopen_session(session);
    let Some(record) = cx.draft.session_mut(session) else {
        return Reason::SessionNotFound;
    };
    record.runs.push(new.run.clone());
    let (project, directory) = (record.project.clone(), record.directory.clone());
    let mut run = new_run(cx.request, new.run, new.name, owner, project);
    run.directory = directory;
    run.phase = new.phase.cloned();
    run.max_iterations = new.max_iterations;
    run.loop_state = new.loop_limits.cloned().map(Loop::new);
    run.fleet = new.fleet.cloned();
    cx.draft.add_run(run);
    Reason::Started
}

/// Returns a new run that starts now.
#[must_use]
pub fn new_run(request: &Request, id: &RunId, name: &RunName, owner: Owner, project: Option<String>) -> Run {
    Run {
        id: id.clone(),
        revision: 0,
        name: name.clone(),
        status: Status::Active,
        phase: None,
        iteration: 0,
        max_iterations: None,
        owner,
        fence: Fence::FIRST,
        history: Vec::new(),
        project,
        directory: None,
        created: request.now.clone(),
        updated: request.now.clone(),
        finished: None,
        stop_reason: None,
        loop_state: None,
        fleet: None,
    }
}

impl RuleContext<'_> {
    /// Returns the launch of a session in a process as an owner.
    ///
    /// # Errors
    ///
    /// Returns the reason for the refusal if the session has no such launch, or if the launch has provably ended.
    pub fn launch_owner(&self, id: &SessionId, process: &Process) -> Result<Owner, Reason> {
        match self.request.snapshot.session {
            Reading::Unreadable => return Err(Reason::RecordUnreadable),
            Reading::Absent => return Err(Reason::SessionNotFound),
            Reading::Deleted => return Err(Reason::Deleted),
            Reading::Live(_) | Reading::Archived(_) => {}
        }
        let session = self.draft.session(id).ok_or(Reason::SessionNotFound)?;
        let launch = session.launch(process).ok_or(Reason::NoLiveLaunch)?;
        if launch.iteration_of.is_some() {
            return Err(Reason::SupervisedIteration);
        }
        if self.launch_liveness(session, launch) == Live::No {
            return Err(Reason::NoLiveLaunch);
        }
        Ok(Owner {
            agent: Some(session.agent),
            session: Some(id.clone()),
            process: process.clone(),
            pane: launch.pane.clone(),
            child: None,
        })
    }

    /// Reopens a session, so that its end is noticed and its run's owner is found.
    pub fn reopen_session(&mut self, id: &SessionId) {
        self.draft.move_session(id, Location::Live);
        if let Some(session) = self.draft.session_mut(id) {
            session.ended = None;
        }
    }

    /// Returns why a session cannot own a run besides `except`: it already owns an unfinished run, or a run that cannot
    /// be read or about which the fleet's database cannot be asked.
    #[must_use]
    pub fn owns_another(&self, id: &SessionId, except: &RunId) -> Option<Reason> {
        for other in self.draft.session(id)?.runs.iter().filter(|run| *run != except) {
            match (self.draft.run(other), self.run_reading(other)) {
                (Some(run), _) if run.status.is_unfinished() && run.owner.is_session(id) => {
                    let unreachable = self.is_unreachable(run);
                    return Some(if unreachable { Reason::FleetUnreachable } else { Reason::SessionOwnsRun });
                }
                (None, Reading::Unreadable) => return Some(Reason::RecordUnreadable),
                (None, Reading::Absent) if !self.was_looked_for(other) => return Some(Reason::RecordUnreadable),
                _ => {}
            }
        }
        None
    }

    fn was_looked_for(&self, run: &RunId) -> bool {
        self.request.snapshot.runs.iter().any(|named| named.id == run.as_str())
    }
}
