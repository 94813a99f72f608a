//! A run is paused by a user's word, and goes on by one.

use crate::draft::Draft;
use crate::id::RunId;
use crate::reason::Reason;
use crate::request::Request;
use crate::rules::advance::unfinished;
use crate::rules::looping::continued;
use crate::run::Status;

/// Pauses an unfinished run until [`go_on`].
pub fn pause(request: &Request, draft: &mut Draft, id: &RunId, why: Option<&String>) -> Reason {
    if let Err(reason) = unfinished(request, draft, id) {
        return reason;
    }
    if let Some(run) = draft.run_mut(id).filter(|run| run.status != Status::Paused) {
        run.status = Status::Paused;
        run.stop_reason = Some(why.map_or_else(|| Reason::Paused.sentence().to_owned(), String::clone));
        if let Some(looping) = run.looping.as_mut() {
            looping.close_turn();
            looping.untold = Some(Reason::Paused);
        }
    }
    Reason::Paused
}

/// Makes a run active that is paused or waits.
pub fn go_on(request: &Request, draft: &mut Draft, id: &RunId) -> Reason {
    if let Err(reason) = unfinished(request, draft, id) {
        return reason;
    }
    if let Some(run) = draft.run_mut(id).filter(|run| run.status != Status::Active) {
        run.status = Status::Active;
        run.stop_reason = None;
        if let Some(looping) = run.looping.as_mut() {
            continued(looping);
        }
    }
    Reason::Continued
}
