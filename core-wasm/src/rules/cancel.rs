//! A run is ended by a user's word.

use crate::draft::Draft;
use crate::id::RunId;
use crate::reason::Reason;
use crate::request::Request;
use crate::rules::advance::unfinished;
use crate::rules::ownership::end;
use crate::run::Status;

/// Cancels a run, whoever owns it. Its record in the archive is the tombstone that nothing gets past.
pub fn apply(request: &Request, draft: &mut Draft, id: &RunId, why: Option<String>) -> Reason {
    match unfinished(request, draft, id) {
        Err(Reason::AlreadyOver) if is_abandoned(draft, id) => {}
        Err(reason) => return reason,
        Ok(_) => {}
    }
    end(request, draft, id, (Status::Cancelled, Reason::Cancelled), why);
    Reason::Cancelled
}

/// An abandoned run can still be adopted, so a user can still say that it must not be.
fn is_abandoned(draft: &Draft, id: &RunId) -> bool {
    draft.run(id).is_some_and(|run| run.status == Status::Abandoned)
}
