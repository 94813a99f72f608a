//! What the database held when this machine read it last, for events that must not ask and for lists.

use agent_baton_core::id::{MachineId, SessionId};
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::{HandoffSummary, Machine, Row, Rows};
use baton_store::{FleetFile, Store};
use serde::{Deserialize, Serialize};

/// How many rows are read and kept at most.
pub const MAX_CACHED_ROWS: u32 = 4096;

/// How old the cache may be, in milliseconds. The witness reads the rows each minute.
const MAX_AGE_MS: u64 = 150_000;

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

    /// Keeps what was read at `read`. If that fails, the older cache stays.
    pub fn keep(store: &Store, read: Timestamp, rows: Rows) {
        let is_cut = rows.rows.len() >= usize::try_from(MAX_CACHED_ROWS).unwrap_or(usize::MAX);
        let Rows { rows, machines, handoffs, .. } = rows;
        let _ = store.write_fleet_file(FleetFile::Rows, &Self { read, rows, machines, handoffs, is_cut });
    }

    /// Returns whether the witness has not read the rows for some rounds.
    #[must_use]
    pub fn is_old(&self, now: &Timestamp) -> bool {
        self.read.age_ms(now) > MAX_AGE_MS
    }

    /// Returns whether a session may own an unfinished run of the fleet, or was handed over.
    #[must_use]
    pub fn may_name_session(&self, id: &SessionId) -> bool {
        self.is_cut
            || self.rows.iter().any(|row| row.run.owner.is_session(id))
            || self.handoffs.iter().any(|handoff| handoff.session == *id)
    }

    /// Returns whether a project may have an unfinished run of the fleet.
    #[must_use]
    pub fn may_name_project(&self, identity: &str) -> bool {
        let of_project = |row: &Row| row.run.fleet.as_ref().is_some_and(|fleet| fleet.project == identity);
        self.is_cut || self.rows.iter().any(of_project)
    }

    /// Returns the name of a machine, for people.
    #[must_use]
    pub fn machine_name(&self, id: &MachineId) -> Option<&str> {
        self.machines.iter().find(|machine| machine.id == *id).map(|machine| machine.name.as_str())
    }
}
