//! `baton session pin`.

use clap::Args;

use crate::args;
use crate::context::Context;
use crate::output;
use crate::output::error::CommandError;

/// Pins a session: it is never put away.
#[derive(Args)]
pub struct Pin {
    /// The session: its id, the beginning of it, its name, or "last"
    #[arg(value_name = "ID")]
    session: String,
    /// Take the pin out
    #[arg(long)]
    off: bool,
}

impl Pin {
    /// Pins it, or takes the pin out.
    ///
    /// # Errors
    /// Not found, ambiguous, or not written.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let id = args::session::resolve(&context, &self.session, false)?;
        context.edit_session("session_pinned", &id, |session| session.pinned = !self.off)?;
        let now = if self.off { "is not pinned any more" } else { "is pinned: it is never put away" };
        output::print(&format!("session {id} {now}\n"))
    }
}
