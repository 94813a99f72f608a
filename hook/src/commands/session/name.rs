//! `baton session name`.

use agent_baton_core::run::RunName;
use clap::Args;

use crate::args;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_store::AuditAction;

/// Give a session a name of your own.
#[derive(Args)]
pub struct Name {
    /// Session id or a unique part of it, its name, or "last"
    #[arg(value_name = "ID")]
    session: String,
    /// New name: 1 to 64 printable characters
    #[arg(required_unless_present = "clear")]
    name: Option<RunName>,
    /// Remove the name
    #[arg(long, conflicts_with = "name")]
    clear: bool,
}

impl Name {
    /// Names the session.
    ///
    /// # Errors
    /// Returns an error if no session matches, if several match, or if the record cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let id = args::session::resolve(&context, &self.session, false)?;
        let text = self.name.as_ref().map_or_else(
            || format!("session {id} no longer has a name\n"),
            |name| format!("session {id} is now called \"{}\"\n", name.as_str()),
        );
        let action = if self.name.is_some() { AuditAction::SessionNamed } else { AuditAction::SessionNameRemoved };
        context.edit_session(action, &id, |session| session.name = self.name)?;
        output::print(&text)
    }
}
