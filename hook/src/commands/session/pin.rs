//! `baton session pin`.

use clap::Args;

use crate::args;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_store::AuditAction;

/// Pin a session, so that baton never archives it.
#[derive(Args)]
pub struct Pin {
    /// Session id or a unique part of it, its name, or "last"
    #[arg(value_name = "ID")]
    session: String,
    /// Unpin the session
    #[arg(long)]
    off: bool,
}

impl Pin {
    /// Pins or unpins the session.
    ///
    /// # Errors
    /// Returns an error if no session matches, if several match, or if the record cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let id = args::session::resolve(&context, &self.session, false)?;
        let action = if self.off { AuditAction::SessionUnpinned } else { AuditAction::SessionPinned };
        context.edit_session(action, &id, |session| session.pinned = !self.off)?;
        let now = if self.off { "is no longer pinned" } else { "is pinned: baton never archives it" };
        output::print(&format!("session {id} {now}\n"))
    }
}
