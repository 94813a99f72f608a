//! The project that a command line names.

use std::path::Path;

use crate::context::{Context, current_directory};
use crate::error::CommandError;
use baton_engine::config::RelativePath;
use baton_protect::ProjectRecord;
use baton_store::ProtectedStore;
use baton_system::worktree;

/// A project that the command line names, with what is kept of it.
pub struct ProjectArg {
    /// Its canonical path.
    pub project: String,
    /// What the configuration protects in it.
    pub paths: Vec<RelativePath>,
    /// What is kept of it.
    pub protected_store: ProtectedStore,
}

impl ProjectArg {
    /// The project that a path names; without one, that of the present directory.
    ///
    /// # Errors
    /// Where nothing is protected in it, and nothing is kept of it.
    pub fn resolve(context: &Context, path: Option<&Path>) -> Result<Self, CommandError> {
        let here = current_directory()?;
        let start = path.map_or_else(|| here.clone(), |path| here.join(path));
        // A project whose disk is not mounted is still known by its path.
        let project = worktree::find_root(&start).unwrap_or_else(|| start.display().to_string());
        let paths = context.settings().config().protected(Path::new(&project));
        let protected_store = context.store().protected_store(&project);
        if paths.is_empty() && protected_store.record()?.is_none() {
            return Err(CommandError::NotFound(format!(
                "no files are protected in {project}; add a [[protect]] section to the configuration"
            )));
        }
        Ok(Self { project, paths, protected_store })
    }

    /// Its record; a new one where there is none.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn record(&self) -> Result<ProjectRecord, CommandError> {
        read_record(&self.protected_store, Some(&self.project))
            .map(|record| record.unwrap_or_else(|| ProjectRecord::new(self.project.clone())))
    }
}

/// A record as it stands, of this project or of any.
///
/// # Errors
/// Where it cannot be read.
pub fn read_record(
    protected_store: &ProtectedStore,
    project: Option<&str>,
) -> Result<Option<ProjectRecord>, CommandError> {
    let Some(bytes) = protected_store.record()? else { return Ok(None) };
    let what = |what| baton_protect::ProtectError::Record { path: protected_store.record_path(), what };
    Ok(Some(ProjectRecord::parse(&bytes, project).map_err(what)?))
}
