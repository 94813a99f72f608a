//! Remembers that the database did not answer, so that the next events do not wait for it.

use agent_baton_core::timestamp::Timestamp;
use baton_store::{FleetFile, Store};
use serde::{Deserialize, Serialize};

/// How long events skip a database that did not answer, in milliseconds.
const SKIP_MS: u64 = 30_000;

/// That the database did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// When.
    pub at: Timestamp,
    /// What went wrong, in one sentence.
    pub problem: String,
}

impl Outage {
    /// Returns the outage that is still in force.
    #[must_use]
    pub fn in_force(store: &Store, now: &Timestamp) -> Option<Self> {
        Self::read(store).filter(|outage| outage.at.boot == now.boot && outage.at.age_ms(now) < SKIP_MS)
    }

    /// Returns the last outage, or `None` if the database answered since.
    #[must_use]
    pub fn read(store: &Store) -> Option<Self> {
        store.fleet_file(FleetFile::Outage).ok().flatten()
    }

    /// Notes an outage. If that fails, the next event waits again.
    pub fn note(store: &Store, at: Timestamp, problem: String) {
        let _ = store.write_fleet_file(FleetFile::Outage, &Self { at, problem });
    }

    /// Forgets the outage, because the database answered.
    pub fn end(store: &Store) {
        // The note also ends by itself.
        let _ = store.remove_fleet_file(FleetFile::Outage);
    }
}
