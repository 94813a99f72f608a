//! A user says that the processes of a session are gone, where baton cannot tell.
//!
//! The processes may belong to a container that was rebuilt, or to a machine that exists no more. Nobody but the user
//! can know. baton records the word, and from then on the session is a lost one like any other.

use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::{Ended, Resuming, Session};

use crate::context::Context;
use crate::error::CommandError;
use baton_engine::session_status::SessionStatus;
use baton_status::ListedSession;
use baton_store::AuditAction;

/// What happens if the user is wrong.
pub(super) const RISK: &str = "if it runs after all, two agents write one conversation, and its run moves away from it";

/// Returns whether only a user can know whether a session is running or being resumed.
pub(super) fn is_needed(context: &Context, seen: &ListedSession) -> bool {
    let may_be_claimed = || seen.session.resuming.as_ref().is_some_and(|mark| is_unknown(context, mark));
    match seen.standing.status {
        SessionStatus::Unknown => true,
        SessionStatus::Lost => may_be_claimed(),
        _ => false,
    }
}

/// Records that what baton cannot judge is gone, and returns the session as it is then. A dry run records nothing.
pub(super) fn take(context: &Context, seen: ListedSession, dry_run: bool) -> Result<ListedSession, CommandError> {
    let ListedSession { mut session, archived, .. } = seen;
    if dry_run {
        end_what_is_unknown(context, &mut session);
    } else {
        context
            .edit_session(AuditAction::DeclaredGone, &session.id, |session| end_what_is_unknown(context, session))?;
        session = Box::new(context.session(&session.id)?.0);
    }
    Ok(context.session_reader().assess(session, archived))
}

fn end_what_is_unknown(context: &Context, session: &mut Session) {
    let verdicts = context.liveness_check().launches(session);
    for (launch, verdict) in session.launches.iter_mut().zip(verdicts) {
        if verdict.live == Live::Unknown {
            launch.ended = Some(Ended { at: context.now(), reason: Reason::DeclaredGone });
        }
    }
    session.resuming.take_if(|mark| is_unknown(context, mark));
}

fn is_unknown(context: &Context, mark: &Resuming) -> bool {
    mark.process.as_ref().is_some_and(|process| context.inspector().process_liveness(process).live == Live::Unknown)
}
