//! The lock that the supervisor of a command holds for as long as it lives. One file for each name and project, so that no two supervisors
//! of one name are there at once; it is never removed, and closed when a program is started.

use std::fs::File;
use std::path::PathBuf;

use agent_baton_core::run::RunName;

use super::error::StoreError;
use super::file;
use super::layout::Hash;
use super::lock;
use super::reading::Store;

/// A supervisor's lock; given back when it is dropped, or its process ends.
#[derive(Debug)]
pub struct CommandLock {
    _file: File,
}

impl Store {
    /// The file of the lock of a name in a project.
    #[must_use]
    pub fn command_lock(&self, project: Option<&str>, name: &RunName) -> PathBuf {
        let key = format!("{}\0{}", project.unwrap_or_default(), name.as_str());
        self.layout.commands().join(format!("{}.lock", Hash::of(key.as_bytes()).as_str()))
    }

    /// Takes the lock; none where another process holds it.
    ///
    /// # Errors
    /// Where the file cannot be used.
    pub fn lock_command(&self, project: Option<&str>, name: &RunName) -> Result<Option<CommandLock>, StoreError> {
        file::make_dir(&self.layout.commands())?;
        let held = lock::attempt(&self.command_lock(project, name))?;
        Ok(held.map(|file| CommandLock { _file: file }))
    }
}
