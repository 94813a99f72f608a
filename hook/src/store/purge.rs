//! Removing the whole state, when a person asks for it.

use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::error::StoreError;
use super::file;
use super::layout::Layout;
use super::lock;
use super::reading::Store;

/// How long a call that is at work is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

impl Store {
    /// Removes every file that is baton's, and the directory where nothing else is in it. Gives the names of what was left.
    ///
    /// # Errors
    ///
    /// Where the lock is not to be had, or something cannot be removed.
    pub fn purge(&self) -> Result<Vec<String>, super::LockError> {
        let root = self.layout.root();
        let held = lock::take(&self.layout.lock(), Instant::now() + PATIENCE)?;
        for name in Layout::DIRS {
            let path = root.join(name);
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &path)(error).into());
                }
                _ => {}
            }
        }
        for name in file::names(root)? {
            if name == "commit.json" || name == "format" || name.ends_with(".tmp") {
                file::remove(&root.join(name))?;
            }
        }
        // Last: until here the lock keeps others out.
        file::remove(&self.layout.lock())?;
        drop(held);
        let left = file::names(root)?;
        if left.is_empty() {
            fs::remove_dir(root).map_err(StoreError::io("remove", root))?;
        }
        Ok(left)
    }
}
