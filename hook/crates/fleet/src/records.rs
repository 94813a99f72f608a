//! The records of one call: the state directory alone, or with the fleet that the user configured.

use std::cell::OnceCell;

use agent_baton_core::id::RunId;
use agent_baton_core::request::{Command, Input, Snapshot};
use baton_agents::AgentInspector;
use baton_engine::config::Settings;
use baton_engine::outcome::Outcome;
use baton_engine::record_store::{LocalStore, RecordStore, Reservation};
use baton_store::{LockedStore, Store, StoreError};

use crate::database::ConfiguredDatabase;
use crate::database_call::Waiting;
use crate::error::FleetError;
use crate::fleet_store::FleetStore;
use crate::owner_word::OwnerWord;

/// The records of one call. Without `[fleet]` in the configuration it adds nothing to what the state directory does, not even
/// a look at a file.
pub struct ConfiguredRecords<'a> {
    store: &'a Store,
    settings: &'a Settings,
    inspector: &'a AgentInspector<'a>,
    waiting: Waiting,
    fleet: OnceCell<Option<FleetStore<'a>>>,
}

impl<'a> ConfiguredRecords<'a> {
    /// Returns the records. The configuration is read when a decision first asks.
    #[must_use]
    pub const fn new(
        store: &'a Store,
        settings: &'a Settings,
        inspector: &'a AgentInspector<'a>,
        waiting: Waiting,
    ) -> Self {
        Self { store, settings, inspector, waiting, fleet: OnceCell::new() }
    }

    /// Returns the records of the fleet, or `None` if none is configured.
    #[must_use]
    pub fn fleet(&self) -> Option<&FleetStore<'a>> {
        let fleet = self.fleet.get_or_init(|| {
            let fleet = &self.settings.config().fleet;
            fleet.is_configured().then(|| {
                let database = Box::new(ConfiguredDatabase::new(self.settings));
                let inspector = self.inspector;
                FleetStore::new(self.store, fleet.lease.ms(), database, self.waiting, Box::new(|| inspector.now()))
            })
        });
        fleet.as_ref()
    }

    /// Returns why the fleet's database was of no use to this call, if it was asked.
    #[must_use]
    pub fn take_problem(&self) -> Option<FleetError> {
        self.fleet.get().and_then(Option::as_ref).and_then(FleetStore::take_problem)
    }

    /// Returns what the row of a run says about its owner, if this call read it and the owner is on another machine.
    #[must_use]
    pub fn owner_elsewhere(&self, run: &RunId) -> Option<OwnerWord> {
        self.fleet.get().and_then(Option::as_ref).and_then(|fleet| fleet.owner_elsewhere(run))
    }

    fn records(&self) -> &dyn RecordStore {
        self.fleet().map_or(&LocalStore, |fleet| fleet)
    }
}

impl RecordStore for ConfiguredRecords<'_> {
    fn prefetch(&self, input: &Input, known: &Snapshot) {
        self.records().prefetch(input, known);
    }

    fn outdated(&self, known: &Snapshot) -> Vec<Command> {
        self.records().outdated(known)
    }

    fn complete(&self, input: &Input, snapshot: &mut Snapshot) {
        self.records().complete(input, snapshot);
    }

    fn reserve(&self, locked: &mut LockedStore<'_>, outcome: &mut Outcome) -> Result<Reservation, StoreError> {
        self.records().reserve(locked, outcome)
    }

    fn committed(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Result<(), StoreError> {
        self.records().committed(locked, outcome)
    }
}
