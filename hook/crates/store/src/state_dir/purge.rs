//! Removing the whole state, when a user asks for it.

use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::error::StoreError;
use crate::file;
use crate::lock;
use crate::state_dir::layout::Layout;
use crate::store::Store;

/// How long a call that is at work is waited for.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

impl Store {
    /// Removes every file that is baton's, and the directory where nothing else is in it. Gives the names of what was left.
    ///
    /// # Errors
    ///
    /// Where the lock is not to be had, or something cannot be removed.
    pub fn purge(&self) -> Result<Vec<String>, crate::LockError> {
        let root = self.layout.root();
        let held = lock::acquire(&self.layout.lock(), Instant::now() + LOCK_TIMEOUT)?;
        for name in Layout::DIRS {
            let path = root.join(name);
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &path)(error).into());
                }
                _ => {}
            }
        }
        for name in file::list_names(root)? {
            if name == "wal.json" || name == "format" || name.ends_with(".tmp") {
                file::remove(&root.join(name))?;
            }
        }
        // Last: until here the lock keeps others out.
        file::remove(&self.layout.lock())?;
        drop(held);
        let left = file::list_names(root)?;
        if left.is_empty() {
            fs::remove_dir(root).map_err(StoreError::io("remove", root))?;
        }
        Ok(left)
    }
}
