//! What was read elsewhere and may be read again: kept so that only what is new costs anything. Nothing depends on it.

pub(crate) mod directory_listing;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::file;
use crate::state_dir::format;
use crate::state_dir::layout::Layout;

/// The largest file of this kind, in bytes.
const MAX_CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// What was remembered under a name; none where there is nothing, or nothing that this version can read.
pub(crate) fn get<T: DeserializeOwned>(layout: &Layout, name: &'static str) -> Option<T> {
    let bytes = file::read(&layout.cache_file(name), MAX_CACHE_BYTES).ok()??;
    serde_json::from_slice(&bytes).ok()
}

/// Remembers something under a name. Of two calls at once the last one counts; what they spoil for each other is read again.
pub(crate) fn put<T: Serialize>(layout: &Layout, name: &'static str, what: &T) {
    // In the state of a newer version nothing is written.
    if format::read(layout).is_err() {
        return;
    }
    let Ok(bytes) = serde_json::to_vec(what) else { return };
    let (path, temp) = (layout.cache_file(name), layout.cache_temp(name));
    let write = || {
        file::make_dir(&layout.cache_dir())?;
        drop(file::write(&temp, &bytes)?);
        std::fs::rename(&temp, &path).map_err(StoreError::io("rename a file to", &path))
    };
    if write().is_err() {
        // What cannot be remembered is only slower; but on a full disk it would take the room of a commit.
        let _ = file::remove(&temp);
    }
}
