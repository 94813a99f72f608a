//! `baton session`: one file for each thing that can be done with sessions.

pub mod list;
pub mod name;
pub mod pin;
pub mod show;

use clap::Subcommand;

use crate::commands::error::CommandError;

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
        }
    }
}
