//! The project that a command line names.

use std::path::Path;

use crate::context::{Context, current_directory};
use crate::error::CommandError;
use baton_engine::config::RelativePath;
use baton_protect::ProjectRecord;
use baton_store::ProtectedStore;
use baton_system::worktree;

/// A project that the command line names, with its record and archives.
pub struct ProjectArg {
    /// Its canonical path.
    pub project: String,
    /// The paths in it that the configuration protects.
    pub paths: Vec<RelativePath>,
    /// Its record and archives.
    pub protected_store: ProtectedStore,
}

impl ProjectArg {
    /// Returns the project at a path, or by default the project of the current directory.
    ///
    /// # Errors
    /// Returns an error if the project has no protected paths and no record.
    pub fn resolve(context: &Context, path: Option<&Path>) -> Result<Self, CommandError> {
        let here = current_directory()?;
        let start = path.map_or_else(|| here.clone(), |path| here.join(path));
        // A project whose disk is not mounted is still known by its path.
        let project = worktree::find_root(&start).unwrap_or_else(|| start.display().to_string());
        let paths = context.settings().config().protected(Path::new(&project));
        let protected_store = context.store().protected_store(&project);
        if paths.is_empty() && matches!(protected_store.record(), Ok(None)) {
            return Err(CommandError::not_found(format!("no files are protected in {project}"))
                .hint("add a [[protect]] section to the configuration"));
        }
        Ok(Self { project, paths, protected_store })
    }

    /// Returns its record, or creates one if none exists.
    ///
    /// # Errors
    /// Returns an error if the record cannot be read.
    pub fn record(&self) -> Result<ProjectRecord, CommandError> {
        read_record(&self.protected_store, Some(&self.project))
            .map(|record| record.unwrap_or_else(|| ProjectRecord::new(self.project.clone())))
    }
}

/// Reads a record, which must belong to this project if one is given.
///
/// # Errors
/// Returns an error if the record cannot be read.
pub fn read_record(
    protected_store: &ProtectedStore,
    project: Option<&str>,
) -> Result<Option<ProjectRecord>, CommandError> {
    let Some(bytes) = protected_store.record()? else { return Ok(None) };
    let what = |what| baton_protect::ProtectError::Record { path: protected_store.record_path(), what };
    Ok(Some(ProjectRecord::parse(&bytes, project).map_err(what)?))
}
