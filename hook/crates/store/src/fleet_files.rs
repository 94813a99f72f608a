//! The files that this machine keeps about its fleet. The rows of the fleet's database decide; what is here says who this
//! machine is, how long it may go on without the database, and what it saw there last.

use std::fs::File;
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::file::{self, Durability};
use crate::lock::{self, LockError};
use crate::state_dir::layout::Layout;
use crate::store::Store;

/// The maximum size of such a file, in bytes.
const MAX_FLEET_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// A file about the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FleetFile {
    /// Which machine of which fleet this is.
    Membership,
    /// Until when this machine's owners may go on without the database.
    Leases,
    /// The commit to the database that is under way.
    Marker,
    /// Until when the database is not asked, because it did not answer.
    Outage,
    /// What the database held when it was read last.
    Rows,
    /// The sessions about which the database could not be asked.
    Unasked,
    /// The sessions and projects that [`Self::Rows`] names. An event reads this shorter file.
    Names,
}

impl FleetFile {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Membership => "membership.json",
            Self::Leases => "leases.json",
            Self::Marker => "marker.json",
            Self::Outage => "outage.json",
            Self::Rows => "rows.json",
            Self::Unasked => "unasked.json",
            Self::Names => "names",
        }
    }

    /// What a power cut may take. What was read from the database can be read again.
    const fn durability(self) -> Durability {
        match self {
            Self::Membership | Self::Marker => Durability::Full,
            Self::Leases => Durability::Content,
            Self::Outage | Self::Rows | Self::Unasked | Self::Names => Durability::None,
        }
    }
}

impl Store {
    /// Reads a file about the fleet. Returns `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or does not hold such a value.
    pub fn fleet_file<T: DeserializeOwned>(&self, which: FleetFile) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.fleet_bytes(which)? else { return Ok(None) };
        let unreadable =
            |error: serde_json::Error| StoreError::unreadable(&self.fleet_file_path(which), error.to_string());
        serde_json::from_slice(&bytes).map(Some).map_err(unreadable)
    }

    /// Reads the content of a file about the fleet. Returns `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn fleet_bytes(&self, which: FleetFile) -> Result<Option<Vec<u8>>, StoreError> {
        file::read(&self.layout.fleet_file(which.name()), MAX_FLEET_FILE_BYTES)
    }

    /// Returns the path of a file about the fleet, for whoever follows its changes. It may not exist.
    #[must_use]
    pub fn fleet_file_path(&self, which: FleetFile) -> PathBuf {
        self.layout.fleet_file(which.name())
    }

    /// Replaces a file about the fleet with a value as JSON.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written. The old one is then unchanged.
    pub fn write_fleet_file<T: Serialize>(&self, which: FleetFile, value: &T) -> Result<(), StoreError> {
        let bytes = file::to_json(&self.fleet_file_path(which), value, MAX_FLEET_FILE_BYTES)?;
        self.write_fleet_bytes(which, &bytes)
    }

    /// Replaces the content of a file about the fleet. Its temporary file has the name of this process, so that two calls do
    /// not write into the same one.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written. The old one is then unchanged.
    pub fn write_fleet_bytes(&self, which: FleetFile, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.layout.fleet_file(which.name());
        let temp = self.layout.fleet_temp(which.name());
        file::make_dir(&self.layout.fleet_dir())?;
        file::replace(&temp, &path, bytes, which.durability()).inspect_err(|_| {
            // A partial file on a full disk would take the space that a commit needs.
            let _ = file::remove(&temp);
        })
    }

    /// Removes a file about the fleet. A missing file is not an error.
    ///
    /// # Errors
    /// Returns an error if it cannot be removed.
    pub fn remove_fleet_file(&self, which: FleetFile) -> Result<(), StoreError> {
        file::remove(&self.layout.fleet_file(which.name()))
    }

    /// Waits for the lock under which the machine's token is replaced. Dropping the file releases it.
    ///
    /// # Errors
    /// Returns an error if another call has the lock until the deadline.
    pub fn lock_fleet_token(&self, deadline: Instant) -> Result<File, LockError> {
        file::make_dir(&self.layout.fleet_dir())?;
        lock::acquire(&self.layout.fleet_dir().join("token.lock"), deadline)
    }
}

/// Removes what must not outlive a restore of the state directory from a copy: the leases may have ended since, and the
/// commit is known to the database.
pub(crate) fn drop_leases(layout: &Layout) -> Result<(), StoreError> {
    file::remove(&layout.fleet_file(FleetFile::Leases.name()))
}
