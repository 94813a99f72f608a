//! What was read elsewhere and may be read again: kept so that only what is new costs anything. Nothing depends on it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::file;
use super::format;
use super::layout::Layout;
use super::reading::Store;

/// The largest file of this kind, in bytes.
const MAX_MEMORY: u64 = 64 * 1024 * 1024;

/// What was remembered under a name; none where there is nothing, or nothing that this version can read.
pub(super) fn recall<T: DeserializeOwned>(layout: &Layout, name: &'static str) -> Option<T> {
    let bytes = file::read(&layout.memory(name), MAX_MEMORY).ok()??;
    serde_json::from_slice(&bytes).ok()
}

/// Remembers something under a name. Of two calls at once the last one counts.
pub(super) fn remember<T: Serialize>(layout: &Layout, name: &'static str, what: &T) -> Result<(), StoreError> {
    if format::read(layout).is_err() {
        // In the state of a newer version nothing is written.
        return Ok(());
    }
    let path = layout.memory(name);
    let bytes = serde_json::to_vec(what).map_err(|error| StoreError::io("write", &path)(error.into()))?;
    file::make_dir(&layout.memory_dir())?;
    // Each call writes a file of its own, since none of them holds the lock.
    let temp = path.with_extension(format!("{}.tmp", std::process::id()));
    drop(file::write(&temp, &bytes)?);
    std::fs::rename(&temp, &path).map_err(StoreError::io("rename a file to", &path))
}

impl Store {
    /// What was remembered under a name; none where there is nothing, or nothing that this version can read.
    #[must_use]
    pub fn recall<T: DeserializeOwned>(&self, name: &'static str) -> Option<T> {
        recall(&self.layout, name)
    }

    /// Remembers something under a name. It is not synced: what is lost is read again. Of two calls at once the last one counts, and in
    /// the state of a newer version nothing is written.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn remember<T: Serialize>(&self, name: &'static str, what: &T) -> Result<(), StoreError> {
        remember(&self.layout, name, what)
    }
}
