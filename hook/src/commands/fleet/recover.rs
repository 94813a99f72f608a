//! `baton fleet recover`.

use clap::Args;

use crate::context::Context;
use crate::error::CommandError;
use crate::output;

/// Bring this machine in line with a database that was restored from an older copy.
///
/// Every round of the witness does this by itself. The command does one now, and says what it found.
#[derive(Args)]
pub struct Recover {}

impl Recover {
    /// Does a round of the witness, and says whether the database was restored.
    ///
    /// # Errors
    /// Returns an error if this machine belongs to no fleet, or if the database cannot be asked.
    pub fn run(self) -> Result<(), CommandError> {
        let round = Context::open()?.witness()?;
        if round.notices.is_empty() {
            return output::print(
                "the database has everything that this machine saw there; nothing was written back\n",
            );
        }
        let lines: Vec<String> = round.notices.iter().map(|notice| format!("{notice}\n")).collect();
        output::print(&baton_display::strip_control_chars_by_line(&lines.concat()))
    }
}
