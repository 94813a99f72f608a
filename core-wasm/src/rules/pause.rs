//! A run is paused by a user's word, and goes on by one.

use crate::draft::Draft;
use crate::protocol::id::RunId;
use crate::protocol::reason::Reason;
use crate::protocol::request::Request;
use crate::protocol::run::Status;
use crate::rules::loops::resume_loop;
use crate::rules::owner_commands::unfinished;

/// Pauses an unfinished run until [`continue_run`].
pub fn pause(request: &Request, draft: &mut Draft, id: &RunId, why: Option<&String>) -> Reason {
    if let Err(reason) = unfinished(request, draft, id) {
        return reason;
    }
    if let Some(run) = draft.run_mut(id).filter(|run| run.status != Status::Paused) {
        run.status = Status::Paused;
        run.stop_reason = Some(why.map_or_else(|| Reason::Paused.sentence().to_owned(), String::clone));
        if let Some(loop_state) = run.loop_state.as_mut() {
            loop_state.close_turn();
            loop_state.untold = Some(Reason::Paused);
        }
    }
    Reason::Paused
}

/// Makes a run active that is paused or waits.
pub fn continue_run(request: &Request, draft: &mut Draft, id: &RunId) -> Reason {
    if let Err(reason) = unfinished(request, draft, id) {
        return reason;
    }
    if let Some(run) = draft.run_mut(id).filter(|run| run.status != Status::Active) {
        run.status = Status::Active;
        run.stop_reason = None;
        if let Some(loop_state) = run.loop_state.as_mut() {
            resume_loop(loop_state);
        }
    }
    Reason::Continued
}
