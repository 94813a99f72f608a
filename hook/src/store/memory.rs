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

/// Remembers something under a name. Of two calls at once the last one counts; what they spoil for each other is read again.
pub(super) fn remember<T: Serialize>(layout: &Layout, name: &'static str, what: &T) {
    // In the state of a newer version nothing is written.
    if format::read(layout).is_err() {
        return;
    }
    let Ok(bytes) = serde_json::to_vec(what) else { return };
    let (path, temp) = (layout.memory(name), layout.memory_temp(name));
    let put = || {
        file::make_dir(&layout.memory_dir())?;
        drop(file::write(&temp, &bytes)?);
        std::fs::rename(&temp, &path).map_err(StoreError::io("rename a file to", &path))
    };
    if put().is_err() {
        // What cannot be remembered is only slower; but on a full disk it would take the room of a commit.
        let _ = file::remove(&temp);
    }
}

impl Store {
    /// What was remembered under a name; none where there is nothing, or nothing that this version can read.
    #[must_use]
    pub fn recall<T: DeserializeOwned>(&self, name: &'static str) -> Option<T> {
        recall(&self.layout, name)
    }

    /// Remembers something under a name, where that can be done: it is not synced, and nothing is written to the state of a newer version.
    pub fn remember<T: Serialize>(&self, name: &'static str, what: &T) {
        remember(&self.layout, name, what);
    }
}
