//! `baton session`: one file for each subcommand.

pub mod delete;
pub mod discover;
pub mod dismiss;
pub mod export;
pub mod import;
pub mod list;
pub mod name;
pub mod pin;
pub mod restore;
pub mod show;

use clap::Subcommand;

use crate::error::CommandError;

/// The commands on sessions.
#[derive(Subcommand)]
pub enum Session {
    /// List sessions, most recently opened first
    List(list::List),
    /// Show everything about one session
    Show(show::Show),
    /// Give a session a name of your own
    Name(name::Name),
    /// Pin a session, so that it is never archived
    Pin(pin::Pin),
    /// Leave a session out of the status until it goes on
    Dismiss(dismiss::Dismiss),
    /// Find sessions that no hook reported, and progress logs of loops
    Discover(discover::Discover),
    /// Move a session to the trash
    Delete(delete::Delete),
    /// Restore a session from the trash or the archive
    Restore(restore::Restore),
    /// Export a session to a file
    Export(export::Export),
    /// Import an exported session into the archive
    Import(import::Import),
}

impl Session {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Returns what went wrong, with its exit status.
    pub fn run(self) -> Result<(), CommandError> {
        match self {
            Self::List(list) => list.run(),
            Self::Show(show) => show.run(),
            Self::Name(name) => name.run(),
            Self::Pin(pin) => pin.run(),
            Self::Dismiss(dismiss) => dismiss.run(),
            Self::Discover(discover) => discover.run(),
            Self::Delete(delete) => delete.run(),
            Self::Restore(restore) => restore.run(),
            Self::Export(export) => export.run(),
            Self::Import(import) => import.run(),
        }
    }
}
