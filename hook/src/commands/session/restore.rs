//! `baton session restore`.

use clap::Args;

use super::delete::parse_full_id;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_engine::retention::{Restoration, restore};

/// Restore a session from the trash or the archive.
#[derive(Args)]
pub struct Restore {
    /// Full session id
    session: String,
}

impl Restore {
    /// Restores the session.
    ///
    /// # Errors
    /// Returns an error if the session is not found or cannot be read.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let id = parse_full_id(&context, &self.session, "restore")?;
        let restoration = restore(&mut context.lock()?, &id, &context.now())?;
        match restoration {
            Restoration::Done => {
                output::print(&format!("session {id} is restored; it stays ended until its agent opens it again\n"))
            }
            Restoration::Already => {
                output::print(&format!("session {id} is neither archived nor in the trash; nothing was changed\n"))
            }
            Restoration::Missing => Err(CommandError::not_found(format!(
                "no session has the id {id}; sessions removed from the trash cannot be restored"
            ))),
        }
    }
}
