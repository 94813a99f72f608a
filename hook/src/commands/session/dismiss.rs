//! `baton session dismiss`.

use clap::Args;

use crate::args;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_engine::session_status::SessionStatus;
use baton_store::AuditAction;

/// Leave a session out of the status and the live view until it goes on. Lists still have it.
#[derive(Args)]
pub struct Dismiss {
    /// Session id or a unique part of it, its name, or "last"
    #[arg(value_name = "ID")]
    session: String,
    /// Show it again
    #[arg(long)]
    off: bool,
}

impl Dismiss {
    /// Dismisses the session, or undoes that.
    ///
    /// # Errors
    /// Refused if it is at work or has ended: nothing shows it as something to do. Also fails if no session matches, if several match, or if the record
    /// cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let id = args::session::resolve(&context, &self.session, false)?;
        if self.off {
            context.edit_session(AuditAction::SessionUndismissed, &id, |session| session.dismissed = None)?;
            return output::print(&format!("session {id} is shown again\n"));
        }
        let (session, archived) = context.session(&id)?;
        let seen = context.session_reader().assess(session, archived);
        match seen.standing.status {
            SessionStatus::Active | SessionStatus::Background => {
                return Err(CommandError::refused(format!("session {id} is at work, so there is nothing to dismiss")));
            }
            SessionStatus::Ended(_) => {
                return Err(CommandError::refused(format!("session {id} has ended, so nothing shows it")));
            }
            _ => {}
        }
        let now = context.now();
        context.edit_session(AuditAction::SessionDismissed, &id, |session| session.dismissed = Some(now))?;
        output::print(&format!("session {id} is dismissed: it is left out until it goes on\n"))
    }
}
