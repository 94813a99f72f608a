//! `baton project`: one file for each subcommand.

pub mod list;
pub mod project_arg;
pub mod restore;
pub mod save;
pub mod show;
pub mod view;

use clap::Subcommand;

use crate::error::CommandError;

/// The commands on protected files.
#[derive(Subcommand)]
pub enum Project {
    /// List the projects with protected files
    List(list::List),
    /// Show the sessions in a project, its backups and what happened
    Show(show::Show),
    /// Save protected files as they are now
    Save(save::Save),
    /// Restore protected files from a backup
    Restore(restore::Restore),
}

impl Project {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Returns what went wrong, with its exit status.
    pub fn run(self) -> Result<(), CommandError> {
        match self {
            Self::List(list) => list.run(),
            Self::Show(show) => show.run(),
            Self::Save(save) => save.run(),
            Self::Restore(restore) => restore.run(),
        }
    }
}
