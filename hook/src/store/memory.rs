//! What was read elsewhere and may be read again: kept so that only what is new costs anything. Nothing depends on it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::file;
use super::reading::Store;

/// The largest file of this kind, in bytes.
const MAX_MEMORY: u64 = 64 * 1024 * 1024;

impl Store {
    /// What was remembered under a name; none where there is nothing, or nothing that this version can read.
    #[must_use]
    pub fn recall<T: DeserializeOwned>(&self, name: &'static str) -> Option<T> {
        let bytes = file::read(&self.layout.memory(name), MAX_MEMORY).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Remembers something under a name. It is not synced: what is lost is read again. Of two calls at once the last one counts.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn remember<T: Serialize>(&self, name: &'static str, what: &T) -> Result<(), StoreError> {
        let path = self.layout.memory(name);
        let bytes = serde_json::to_vec(what).map_err(|error| StoreError::io("write", &path)(error.into()))?;
        file::make_dir(&self.layout.memory_dir())?;
        // Each call writes a file of its own, since none of them holds the lock.
        let temp = path.with_extension(format!("{}.tmp", std::process::id()));
        drop(file::write(&temp, &bytes)?);
        std::fs::rename(&temp, &path).map_err(StoreError::io("rename a file to", &path))
    }
}
