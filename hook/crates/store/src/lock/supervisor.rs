//! The lock that the supervisor of a command holds as long as it runs. There is one file for each name and project, so
//! that each name has at most one supervisor. The file is never removed, and the supervised command does not inherit
//! it.

use std::fs::File;
use std::path::PathBuf;

use agent_baton_core::run::RunName;

use crate::error::StoreError;
use crate::file;
use crate::lock;
use crate::state_dir::layout::Hash;
use crate::store::Store;

/// A supervisor's lock. It is released when this is dropped or its process ends.
#[derive(Debug)]
pub struct SupervisorLock {
    _file: File,
}

impl Store {
    /// Returns the path of the lock file for a name in a project.
    #[must_use]
    pub fn supervisor_lock_path(&self, project: Option<&str>, name: &RunName) -> PathBuf {
        let key = format!("{}\0{}", project.unwrap_or_default(), name.as_str());
        self.layout.supervisors().join(format!("{}.lock", Hash::of(key.as_bytes()).as_str()))
    }

    /// Acquires the lock, or returns `None` if another process holds it.
    ///
    /// # Errors
    /// Returns an error if the file cannot be used.
    pub fn lock_supervisor(&self, project: Option<&str>, name: &RunName) -> Result<Option<SupervisorLock>, StoreError> {
        file::make_dir(&self.layout.supervisors())?;
        let held = lock::try_acquire(&self.supervisor_lock_path(project, name))?;
        Ok(held.map(|file| SupervisorLock { _file: file }))
    }
}
