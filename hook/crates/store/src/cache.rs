//! A cache of data that can be read again from its source. Deleting the cache loses nothing but time.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::file;
use crate::state_dir::format;
use crate::state_dir::layout::Layout;

/// The maximum size of a cache file, in bytes.
const MAX_CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Returns the value cached under a name, or `None` if there is none that this version can read.
pub(crate) fn get<T: DeserializeOwned>(layout: &Layout, name: &'static str) -> Option<T> {
    let bytes = file::read(&layout.cache_file(name), MAX_CACHE_BYTES).ok()??;
    serde_json::from_slice(&bytes).ok()
}

/// Caches a value under a name. If two calls do so at once, the last one wins. If they damage each other's file, the
/// data is read again from its source.
pub(crate) fn put<T: Serialize>(layout: &Layout, name: &'static str, what: &T) {
    // baton writes nothing to a state directory of a newer format.
    if format::read(layout).is_err() {
        return;
    }
    let Ok(bytes) = serde_json::to_vec(what) else { return };
    let (path, temp) = (layout.cache_file(name), layout.cache_temp(name));
    let write = || {
        file::make_dir(&layout.cache_dir())?;
        file::replace(&temp, &path, &bytes, file::Durability::None)
    };
    if write().is_err() {
        // A missing cache only costs time, but a partial file on a full disk would take the space that a commit needs.
        let _ = file::remove(&temp);
    }
}
