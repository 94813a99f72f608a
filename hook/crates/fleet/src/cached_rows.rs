//! What the database held when this machine read it last, for lists.

use agent_baton_core::id::MachineId;
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::{HandoffSummary, Machine, Row, Rows};
use baton_store::{FleetFile, Store};
use serde::{Deserialize, Serialize};

use crate::cached_names::CachedNames;

/// How many rows are read and kept at most.
pub const MAX_CACHED_ROWS: u32 = 4096;

/// Rows, machines and handoffs, and when they were read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CachedRows {
    /// When they were read.
    pub read: Timestamp,
    /// The unfinished runs of the fleet.
    pub rows: Vec<Row>,
    /// The machines.
    pub machines: Vec<Machine>,
    /// The sessions that were handed over.
    pub handoffs: Vec<HandoffSummary>,
    /// Whether there are more unfinished runs than were read.
    pub is_cut: bool,
}

impl CachedRows {
    /// Reads the cache. Returns `None` if nothing was read yet, or the file cannot be used.
    #[must_use]
    pub fn read(store: &Store) -> Option<Self> {
        store.fleet_file(FleetFile::Rows).ok().flatten()
    }

    /// Keeps the unfinished runs of what was read at `read`. If that fails, the older cache stays.
    pub fn keep(store: &Store, read: Timestamp, mut rows: Rows) {
        rows.rows.retain(|row| row.run.status.is_unfinished());
        let is_cut = rows.rows.len() >= usize::try_from(MAX_CACHED_ROWS).unwrap_or(usize::MAX);
        let Rows { rows, machines, handoffs, .. } = rows;
        CachedNames::of(read.clone(), is_cut, &rows, &handoffs).keep(store);
        let _ = store.write_fleet_file(FleetFile::Rows, &Self { read, rows, machines, handoffs, is_cut });
    }

    /// Returns the name of a machine, for people.
    #[must_use]
    pub fn machine_name(&self, id: &MachineId) -> Option<&str> {
        self.machines.iter().find(|machine| machine.id == *id).map(|machine| machine.name.as_str())
    }
}
