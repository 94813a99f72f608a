//! `baton project`: one file for each thing that can be done with protected files.

pub mod give_back;
pub mod list;
pub mod save;
pub mod show;
pub mod view;

use std::path::Path;

use clap::Subcommand;

use crate::commands::context::{Context, present_directory};
use crate::commands::error::CommandError;
use crate::config::Inside;
use crate::machine::worktree;
use crate::protect::Record;
use crate::store::Vault;

/// The commands on protected files.
#[derive(Subcommand)]
pub enum Project {
    /// List the projects with protected files
    List(list::List),
    /// Show who is in one, what was saved, and what happened
    Show(show::Show),
    /// Save its files as they are now
    Save(save::Save),
    /// Give its files back as they were saved
    GiveBack(give_back::GiveBack),
}

impl Project {
    /// Does it.
    ///
    /// # Errors
    /// What went wrong, with its exit status.
    pub fn run(self) -> Result<(), CommandError> {
        match self {
            Self::List(list) => list.run(),
            Self::Show(show) => show.run(),
            Self::Save(save) => save.run(),
            Self::GiveBack(give_back) => give_back.run(),
        }
    }
}

/// A project that the command line names, with what is kept of it.
pub struct Named {
    /// Its canonical path.
    pub project: String,
    /// What the configuration protects in it.
    pub paths: Vec<Inside>,
    /// What is kept of it.
    pub vault: Vault,
}

impl Named {
    /// The project that a path names; without one, that of the present directory.
    ///
    /// # Errors
    /// Where nothing is protected in it, and nothing is kept of it.
    pub fn find(context: &Context, path: Option<&Path>) -> Result<Self, CommandError> {
        let here = present_directory()?;
        let start = path.map_or_else(|| here.clone(), |path| here.join(path));
        // A project whose disk is not mounted is still known by its path.
        let project = worktree::root(&start).unwrap_or_else(|| start.display().to_string());
        let paths = context.settings().config().protected(Path::new(&project));
        let vault = context.store().vault(&project);
        if paths.is_empty() && vault.record()?.is_none() {
            return Err(CommandError::NotFound(format!(
                "nothing is protected in {project}. Name it under [[protect]] in the configuration"
            )));
        }
        Ok(Self { project, paths, vault })
    }

    /// Its record; a new one where there is none.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn record(&self) -> Result<Record, CommandError> {
        read(&self.vault, Some(&self.project)).map(|record| record.unwrap_or_else(|| Record::new(self.project.clone())))
    }
}

/// A record as it stands, of this project or of any.
///
/// # Errors
/// Where it cannot be read.
pub fn read(vault: &Vault, project: Option<&str>) -> Result<Option<Record>, CommandError> {
    let Some(bytes) = vault.record()? else { return Ok(None) };
    let what = |what| crate::protect::ProtectError::Record { path: vault.record_path(), what };
    Ok(Some(Record::parse(&bytes, project).map_err(what)?))
}
