//! The commit to the database that is under way.
//!
//! It is written before the commit is sent and removed after the state directory has followed. If a call is killed in
//! between, the next one finds the marker, asks the database what became of the commit, and brings the copies in line.

use agent_baton_core::id::RunId;
use baton_fleet_protocol::CommitId;
use baton_store::{FleetFile, Store, StoreError};
use serde::{Deserialize, Serialize};

/// A commit that was sent, or was about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The commit.
    pub commit: CommitId,
    /// The runs that it changes. While a marker names a run, no lease of that run counts.
    pub runs: Vec<RunId>,
}

impl Marker {
    /// Reads the marker. Returns `None` if no commit is under way.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read. Then no lease counts.
    pub fn read(store: &Store) -> Result<Option<Self>, StoreError> {
        store.fleet_file(FleetFile::Marker)
    }

    /// Writes the marker durably. The caller has the lock.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written. Then the commit must not be sent.
    pub fn write(&self, store: &Store) -> Result<(), StoreError> {
        store.write_fleet_file(FleetFile::Marker, self)
    }

    /// Removes the marker if it is still this commit's. The caller has the lock.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or removed.
    pub fn remove(store: &Store, commit: &CommitId) -> Result<(), StoreError> {
        match Self::read(store)? {
            Some(marker) if marker.commit == *commit => store.remove_fleet_file(FleetFile::Marker),
            Some(_) | None => Ok(()),
        }
    }
}
