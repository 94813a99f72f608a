//! The records of one call: the state directory alone, or with the fleet that the user configured.

use std::cell::{Cell, OnceCell};

use agent_baton_core::id::RunId;
use agent_baton_core::request::{Command, Input, Named, Snapshot};
use agent_baton_core::run::Run;
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
use crate::question::new_fleet_run;

/// The records of one call. Without `[fleet]` in the configuration and without a run of a fleet in the decision, it adds nothing to
/// what the state directory does, not even a look at a file. A configuration that cannot be used takes no lease away.
pub struct ConfiguredRecords<'a> {
    store: &'a Store,
    settings: &'a Settings,
    inspector: &'a AgentInspector<'a>,
    waiting: Waiting,
    fleet: OnceCell<FleetStore<'a>>,
    /// Whether a decision of this call is about a run of a fleet.
    concerns_fleet: Cell<bool>,
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
        Self { store, settings, inspector, waiting, fleet: OnceCell::new(), concerns_fleet: Cell::new(false) }
    }

    /// Returns the records of the fleet, or `None` if none is configured and no decision was about a run of one.
    #[must_use]
    pub fn fleet(&self) -> Option<&FleetStore<'a>> {
        let fleet = &self.settings.config().fleet;
        (self.concerns_fleet.get() || fleet.is_configured()).then(|| {
            self.fleet.get_or_init(|| {
                let database = Box::new(ConfiguredDatabase::new(self.settings));
                let inspector = self.inspector;
                FleetStore::new(self.store, fleet.lease.ms(), database, self.waiting, Box::new(|| inspector.now()))
            })
        })
    }

    /// Returns why the fleet's database was of no use to this call, if it was asked. What is wrong with the whole configuration is
    /// the problem of the settings.
    #[must_use]
    pub fn take_problem(&self) -> Option<FleetError> {
        let problem = self.fleet.get().and_then(FleetStore::take_problem);
        problem.filter(|it| !(matches!(it, FleetError::NotConfigured) && self.settings.problem().is_some()))
    }

    /// Returns whether nobody knows yet what became of a commit of this call.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.fleet.get().is_some_and(FleetStore::is_in_doubt)
    }

    /// Returns what the row of a run says about its owner, if this call read it and the owner is on another machine.
    #[must_use]
    pub fn owner_elsewhere(&self, run: &RunId) -> Option<OwnerWord> {
        self.fleet.get().and_then(|fleet| fleet.owner_elsewhere(run))
    }

    /// Notes whether a decision is about a run of a fleet.
    fn note(&self, input: &Input, snapshot: &Snapshot) {
        let is_of_fleet = |named: &Named<Run>| named.reading.record().is_some_and(|run| run.fleet.is_some());
        if new_fleet_run(input).is_some() || snapshot.runs.iter().any(is_of_fleet) {
            self.concerns_fleet.set(true);
        }
    }

    fn records(&self) -> &dyn RecordStore {
        self.fleet().map_or(&LocalStore, |fleet| fleet)
    }
}

impl RecordStore for ConfiguredRecords<'_> {
    fn prefetch(&self, input: &Input, known: &Snapshot) {
        self.note(input, known);
        self.records().prefetch(input, known);
    }

    fn outdated(&self, known: &Snapshot) -> Vec<Command> {
        self.records().outdated(known)
    }

    fn complete(&self, input: &Input, snapshot: &mut Snapshot) {
        self.note(input, snapshot);
        self.records().complete(input, snapshot);
    }

    fn reserve(&self, locked: &mut LockedStore<'_>, outcome: &mut Outcome) -> Result<Reservation, StoreError> {
        self.records().reserve(locked, outcome)
    }

    fn committed(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Result<(), StoreError> {
        self.records().committed(locked, outcome)
    }
}
