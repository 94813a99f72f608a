//! A run is ended by a user's word.

use crate::draft::Draft;
use crate::protocol::id::RunId;
use crate::protocol::reason::Reason;
use crate::protocol::request::Request;
use crate::protocol::run::Status;
use crate::rules::owner_commands::unfinished;
use crate::rules::ownership::finish;

/// Cancels a run, whoever owns it. Its record in the archive is the tombstone that nothing gets past.
pub fn apply(request: &Request, draft: &mut Draft, id: &RunId, why: Option<String>) -> Reason {
    match unfinished(request, draft, id) {
        Err(Reason::AlreadyEnded) if is_abandoned(draft, id) => {}
        Err(reason) => return reason,
        Ok(_) => {}
    }
    finish(request, draft, id, (Status::Cancelled, Reason::Cancelled), why);
    Reason::Cancelled
}

/// An abandoned run can still be adopted, so a user can still say that it must not be.
fn is_abandoned(draft: &Draft, id: &RunId) -> bool {
    draft.run(id).is_some_and(|run| run.status == Status::Abandoned)
}
