//! A cache of data that can be read again from its source. Deleting the cache loses nothing but time.

use std::os::unix::fs::MetadataExt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::file;
use crate::lock::LockError;
use crate::state_dir::format;
use crate::store::Store;

/// The maximum size of a cache file, in bytes.
const MAX_CACHE_BYTES: u64 = 64 * 1024 * 1024;

impl Store {
    /// Returns the value cached under a name, or `None` if there is none that this version can read.
    #[must_use]
    pub fn cache_get<T: DeserializeOwned>(&self, name: &'static str) -> Option<T> {
        let bytes = file::read(&self.layout.cache_file(name), MAX_CACHE_BYTES).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Returns what changes when the value cached under a name is replaced: the inode and the time of its file. There is
    /// none if nothing is cached.
    #[must_use]
    pub fn cache_stamp(&self, name: &'static str) -> Option<(u64, i64, i64)> {
        let meta = std::fs::symlink_metadata(self.layout.cache_file(name)).ok()?;
        Some((meta.ino(), meta.mtime(), meta.mtime_nsec()))
    }

    /// Caches a value under a name if possible. The file is not synced. If two calls do so at once, the last one wins. If
    /// they damage each other's file, the data is read again from its source.
    pub fn cache_put<T: Serialize>(&self, name: &'static str, what: &T) {
        let (path, temp) = (self.layout.cache_file(name), self.layout.cache_temp(name));
        let Ok(bytes) = serde_json::to_vec(what) else { return };
        // baton writes nothing to a state directory of a newer format.
        if self.make_cache_dir().is_ok() && file::replace(&temp, &path, &bytes, file::Durability::None).is_err() {
            // A missing cache only costs time, but a partial file on a full disk would take the space that a commit needs.
            let _ = file::remove(&temp);
        }
    }

    /// Creates the directory of the cache.
    ///
    /// # Errors
    ///
    /// Returns an error if the directory cannot be created, or if the state directory has a newer format.
    pub fn make_cache_dir(&self) -> Result<(), LockError> {
        format::read(&self.layout)?;
        Ok(file::make_dir(&self.layout.cache_dir())?)
    }
}
