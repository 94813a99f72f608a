//! Until when the owners on this machine may go on without the database.

use std::collections::BTreeMap;

use agent_baton_core::fence::Fence;
use agent_baton_core::id::RunId;
use agent_baton_core::process::Process;
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::Position;
use baton_store::{FleetFile, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::marker::Marker;

/// How much earlier than the database an owner counts its lease as ended, in milliseconds. Two clocks that run at rates
/// which differ by 3 % stay within it for five minutes.
pub const SAFETY_MARGIN_MS: u64 = 10_000;

/// A lease of an owner on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The owner's fence.
    pub fence: Fence,
    /// The owner's process.
    pub process: Process,
    /// The boot in which it was given.
    boot: String,
    /// When it ends on that boot's clock, in milliseconds.
    until_boot_ms: u64,
    /// The wall clock minus the boot clock when it was given, in milliseconds. If they moved apart since, the machine was
    /// paused, and its boot clock with it.
    clock_offset_ms: i64,
}

impl Lease {
    /// Returns the lease of a run's owner that the database was asked for at `asked` and gave for `lease_ms`.
    #[must_use]
    pub fn new(run: &Run, asked: &Timestamp, lease_ms: u64) -> Self {
        Self {
            fence: run.fence,
            process: run.owner.process.clone(),
            boot: asked.boot.clone(),
            until_boot_ms: asked.boot_ms.saturating_add(lease_ms.saturating_sub(SAFETY_MARGIN_MS)),
            clock_offset_ms: clock_offset(asked),
        }
    }

    /// Returns whether the lease certainly has not ended for this owner.
    #[must_use]
    pub fn covers(&self, run: &Run, now: &Timestamp) -> bool {
        self.is_of(run) && self.left_ms(now) > 0
    }

    /// Returns whether it is the lease of the run's owner.
    #[must_use]
    pub fn is_of(&self, run: &Run) -> bool {
        self.fence == run.fence && self.process == run.owner.process
    }

    /// Returns how long the lease certainly still lasts, in milliseconds.
    #[must_use]
    pub fn left_ms(&self, now: &Timestamp) -> u64 {
        let moved = clock_offset(now).abs_diff(self.clock_offset_ms);
        let is_valid = self.boot == now.boot && moved <= SAFETY_MARGIN_MS;
        if is_valid { self.until_boot_ms.saturating_sub(now.boot_ms) } else { 0 }
    }
}

fn clock_offset(at: &Timestamp) -> i64 {
    let signed = |ms| i64::try_from(ms).unwrap_or(i64::MAX);
    signed(at.unix_ms).saturating_sub(signed(at.boot_ms))
}

/// The leases of this machine, and the newest commit of its own. Both are written after each commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Leases {
    /// The leases.
    pub leases: BTreeMap<RunId, Lease>,
    /// The newest change that this machine made in the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Position>,
}

impl Leases {
    /// Reads the leases. A file that cannot be read grants none.
    #[must_use]
    pub fn read(store: &Store) -> Self {
        store.fleet_file(FleetFile::Leases).ok().flatten().unwrap_or_default()
    }

    /// Returns the leases that count for the owners of this machine's copies. None counts of a run whose commit is under way, or if
    /// it is unknown which that is.
    #[must_use]
    pub fn in_force(store: &Store) -> Self {
        let mut known = Self::read(store);
        let marker = Marker::read(store);
        known.leases.retain(|id, lease| {
            let is_named = |marker: &Option<Marker>| marker.as_ref().is_some_and(|it| it.runs.contains(id));
            let copy = store.read(|view| view.run(id)).ok();
            let is_of_owner = |copy: &Run| copy.status.is_unfinished() && lease.is_of(copy);
            marker.as_ref().is_ok_and(|marker| !is_named(marker))
                && copy.and_then(|copy| copy.record().map(is_of_owner)).unwrap_or_default()
        });
        known
    }

    /// Returns whether a lease certainly allows the run's owner to go on.
    #[must_use]
    pub fn cover(&self, run: &Run, now: &Timestamp) -> bool {
        self.leases.get(&run.id).is_some_and(|lease| lease.covers(run, now))
    }

    /// Notes a change that this machine made. An older one than the newest says nothing more: two calls can end in another order
    /// than their commits have.
    pub fn note_change(&mut self, made: Position) {
        if self.newest.as_ref().is_none_or(|newest| newest.change < made.change) {
            self.newest = Some(made);
        }
    }

    /// Returns each lease with its run.
    pub fn iter(&self) -> impl Iterator<Item = (&RunId, &Lease)> {
        self.leases.iter()
    }

    /// Ends all leases on this machine, under the lock.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn drop_all(store: &Store) -> Result<(), StoreError> {
        Self::update(store, |known| *known = Self::default())
    }

    /// Changes the leases under the lock, and writes them if that changes something.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn update(store: &Store, change: impl FnOnce(&mut Self)) -> Result<(), StoreError> {
        let before = Self::read(store);
        let mut after = before.clone();
        change(&mut after);
        if after == before { Ok(()) } else { store.write_fleet_file(FleetFile::Leases, &after) }
    }
}
