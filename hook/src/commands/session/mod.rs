//! `baton session`: one file for each thing that can be done with sessions.

pub mod delete;
pub mod discover;
pub mod export;
pub mod import;
pub mod list;
pub mod name;
pub mod pin;
pub mod restore;
pub mod show;

use clap::Subcommand;

use crate::output::error::CommandError;

/// The commands on sessions.
#[derive(Subcommand)]
pub enum Session {
    /// List the sessions, the one opened last first
    List(list::List),
    /// Show one session whole
    Show(show::Show),
    /// Give a session a name of your own
    Name(name::Name),
    /// Pin a session, so that it is never put away
    Pin(pin::Pin),
    /// Find sessions that no hook announced, and the progress logs of loops
    Discover(discover::Discover),
    /// Put a session into the trash, where nothing but restore brings it back
    Delete(delete::Delete),
    /// Bring a session back from the trash or the archive
    Restore(restore::Restore),
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
            Self::Name(name) => name.run(),
            Self::Pin(pin) => pin.run(),
            Self::Discover(discover) => discover.run(),
            Self::Delete(delete) => delete.run(),
            Self::Restore(restore) => restore.run(),
            Self::Export(export) => export.run(),
            Self::Import(import) => import.run(),
        }
    }
}
