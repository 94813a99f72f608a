//! `baton session`: one file for each thing that can be done with sessions.

pub mod export;
pub mod import;
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
    /// Write one session into one file: record, messages, chunks, decisions
    Export(export::Export),
    /// Bring a session from such a file, as an archived one
    Import(import::Import),
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
            Self::Export(export) => export.run(),
            Self::Import(import) => import.run(),
        }
    }
}
