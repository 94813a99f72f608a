//! A run is started.

use crate::draft::Draft;
use crate::protocol::decision::Location;
use crate::protocol::fence::Fence;
use crate::protocol::id::{RunId, SessionId};
use crate::protocol::loop_state::{Loop, LoopLimits};
use crate::protocol::process::{Live, Process};
use crate::protocol::reason::Reason;
use crate::protocol::request::{Reading, Request};
use crate::protocol::run::{Owner, Run, RunName, Status};
use crate::rules::liveness::launch_liveness;

/// What a new run begins with.
pub struct NewRun<'a> {
    /// Its id.
    pub run: &'a RunId,
    /// Its name.
    pub name: &'a RunName,
    /// Its first phase.
    pub phase: Option<&'a String>,
    /// Its limit.
    pub max_iterations: Option<u32>,
    /// What makes it a loop.
    pub loop_state: Option<&'a LoopLimits>,
}

/// Starts a run that the launch of `session` in `process` owns. A session owns at most one unfinished run.
pub fn apply(request: &Request, draft: &mut Draft, new: &NewRun<'_>, session: &SessionId, process: &Process) -> Reason {
    let owner = match launch_owner(request, draft, session, process) {
        Ok(owner) => owner,
        Err(reason) => return reason,
    };
    if let Some(reason) = owns_another(request, draft, session, new.run) {
        return reason;
    }
    reopen_session(draft, session);
    let Some(record) = draft.session_mut(session) else {
        return Reason::SessionNotFound;
    };
    record.runs.push(new.run.clone());
    let project = record.project.clone();
    let run = new_run(request, new.run, new.name, owner, project);
    let loop_state = new.loop_state.cloned().map(Loop::new);
    draft.add_run(Run { phase: new.phase.cloned(), max_iterations: new.max_iterations, loop_state, ..run });
    Reason::Started
}

/// A run that begins now.
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
        created: request.now.clone(),
        updated: request.now.clone(),
        finished: None,
        stop_reason: None,
        loop_state: None,
        extra: serde_json::Map::new(),
    }
}

/// The launch of a session in a process, as an owner; refused unless it may live.
pub fn launch_owner(request: &Request, draft: &Draft, id: &SessionId, process: &Process) -> Result<Owner, Reason> {
    match request.snapshot.session {
        Reading::Unreadable => return Err(Reason::RecordUnreadable),
        Reading::Absent => return Err(Reason::SessionNotFound),
        Reading::Deleted => return Err(Reason::Deleted),
        Reading::Live(_) | Reading::Archived(_) => {}
    }
    let session = draft.session(id).ok_or(Reason::SessionNotFound)?;
    let launch = session.launch(process).ok_or(Reason::NoLiveLaunch)?;
    if launch.iteration_of.is_some() {
        return Err(Reason::SupervisedIteration);
    }
    if launch_liveness(request, draft, session, launch) == Live::No {
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

/// A session that owns a run stands among the live ones, or neither its end nor its run's owner would be found.
pub fn reopen_session(draft: &mut Draft, id: &SessionId) {
    draft.move_session(id, Location::Live);
    if let Some(session) = draft.session_mut(id) {
        session.ended = None;
    }
}

/// Why a session cannot own another run than `except`: it has an unfinished one, or one that cannot be read.
pub fn owns_another(request: &Request, draft: &Draft, id: &SessionId, except: &RunId) -> Option<Reason> {
    let others = draft.session(id)?.runs.iter().filter(|run| *run != except);
    for other in others {
        match draft.run(other) {
            Some(run) if run.status.is_unfinished() && run.owner.is_session(id) => {
                return Some(Reason::SessionOwnsRun);
            }
            Some(_) => {}
            None => {
                let named = request.snapshot.runs.iter().find(|named| named.id == other.as_str());
                if named.is_none_or(|named| named.reading == Reading::Unreadable) {
                    return Some(Reason::RecordUnreadable);
                }
            }
        }
    }
    None
}
