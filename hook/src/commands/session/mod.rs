//! `baton session`: one file for each thing that can be done with sessions.

pub mod list;
pub mod show;

use clap::Subcommand;

use crate::commands::error::CommandError;

/// The commands on sessions.
#[derive(Subcommand)]
pub enum Session {
    /// List the sessions that are not over
    List(list::List),
    /// Show one session whole
    Show(show::Show),
}

impl Session {
    /// Does it.
    ///
    /// # Errors
    /// What went wrong, with its exit status.
    pub fn run(self) -> Result<(), CommandError> {
        match self {
            Self::List(list) => list.run(),
            Self::Show(show) => show.run(),
        }
    }
}
