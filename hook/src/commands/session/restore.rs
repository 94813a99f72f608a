//! `baton session restore`.

use clap::Args;

use super::delete::whole_id;
use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::retention::{Restoration, restore};

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
        let id = whole_id(&self.session)?;
        let restoration = restore(&mut context.lock()?, &id, &context.now())?;
        match restoration {
            Restoration::Done => print::lines(&format!("{id} is back; it is over until its agent shows it again\n")),
            Restoration::Already => print::lines(&format!("{id} was not put away; there is nothing to bring back\n")),
            Restoration::Missing => Err(CommandError::NotFound(format!(
                "no session has the id {id}; what the trash was emptied of is gone"
            ))),
        }
    }
}
