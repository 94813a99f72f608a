//! `baton session restore`.

use clap::Args;

use super::delete::parse_full_id;
use crate::context::Context;
use crate::output;
use crate::output::error::CommandError;
use baton_engine::retention::{Restoration, restore};

/// Brings a session back from the trash or the archive.
#[derive(Args)]
pub struct Restore {
    /// The session, by its whole id
    session: String,
}

impl Restore {
    /// Brings it back.
    ///
    /// # Errors
    /// Not found, or it cannot be read.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let id = parse_full_id(&self.session)?;
        let restoration = restore(&mut context.lock()?, &id, &context.now())?;
        match restoration {
            Restoration::Done => output::print(&format!("{id} is back; it is over until its agent shows it again\n")),
            Restoration::Already => output::print(&format!("{id} was not put away; there is nothing to bring back\n")),
            Restoration::Missing => Err(CommandError::NotFound(format!(
                "no session has the id {id}; what the trash was emptied of is gone"
            ))),
        }
    }
}
