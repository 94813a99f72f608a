//! Removes the whole state at the user's request.

use std::fs;
use std::time::{Duration, Instant};

use crate::error::StoreError;
use crate::file;
use crate::lock;
use crate::state_dir::layout::Layout;
use crate::store::Store;

/// How long to wait for a running call.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

impl Store {
    /// Removes every file of baton, and the directory if nothing else is in it. Returns the names of the remaining
    /// files.
    ///
    /// # Errors
    ///
    /// Returns an error if the lock cannot be acquired or a file cannot be removed.
    pub fn purge(&self) -> Result<Vec<String>, crate::LockError> {
        let root = self.layout.root();
        let held = lock::acquire(&self.layout.lock(), Instant::now() + LOCK_TIMEOUT)?;
        for name in Layout::DIRS {
            file::remove_dir_all(&root.join(name))?;
        }
        for name in file::list_names(root)? {
            if name == "wal.json" || name == "format" || name.ends_with(".tmp") {
                file::remove(&root.join(name))?;
            }
        }
        // The lock file is removed last, because it keeps other calls out until then.
        file::remove(&self.layout.lock())?;
        drop(held);
        let left = file::list_names(root)?;
        if left.is_empty() {
            fs::remove_dir(root).map_err(StoreError::io("remove", root))?;
        }
        Ok(left)
    }
}
