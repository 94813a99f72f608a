//! The lock that the supervisor of a command holds for as long as it lives. One file for each name and project, so that no two supervisors
//! of one name are there at once; it is never removed, and closed when a program is started.

use std::fs::File;
use std::path::PathBuf;

use agent_baton_core::run::RunName;

use crate::error::StoreError;
use crate::file;
use crate::lock;
use crate::state_dir::layout::Hash;
use crate::store::Store;

/// A supervisor's lock; released when it is dropped, or when its process ends.
#[derive(Debug)]
pub struct SupervisorLock {
    _file: File,
}

impl Store {
    /// The file of the lock of a name in a project.
    #[must_use]
    pub fn supervisor_lock_path(&self, project: Option<&str>, name: &RunName) -> PathBuf {
        let key = format!("{}\0{}", project.unwrap_or_default(), name.as_str());
        self.layout.supervisors().join(format!("{}.lock", Hash::of(key.as_bytes()).as_str()))
    }

    /// Takes the lock; none where another process holds it.
    ///
    /// # Errors
    /// Where the file cannot be used.
    pub fn lock_supervisor(&self, project: Option<&str>, name: &RunName) -> Result<Option<SupervisorLock>, StoreError> {
        file::make_dir(&self.layout.supervisors())?;
        let held = lock::try_acquire(&self.supervisor_lock_path(project, name))?;
        Ok(held.map(|file| SupervisorLock { _file: file }))
    }
}
