//! What the stages of one event share.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use agent_baton_core::event::Event;
use agent_baton_core::timestamp::Timestamp;
use baton_agents::AgentInspector;
use baton_agents::raw_event::RawEvent;
use baton_core_host::{Core, CoreError};
use baton_engine::config::Settings;
use baton_engine::decide::{DecisionService, audit_core_failure};
use baton_engine::message_recorder::MessageRecorder;
use baton_engine::record_store::RecordStore;
use baton_fleet_client::{ConfiguredRecords, Waiting};
use baton_store::{LockedStore, StateDir, StateDirEnv, Store};
use baton_system::process_stat::ProcessStat;

use super::error::HookError;
use super::identify::Received;
use crate::context::with_user_config;

/// How long an event waits for the lock. Codex gives a `SessionEnd` hook one second in all.
const LOCK_TIMEOUT: Duration = Duration::from_millis(400);

/// The state directory and the configuration, which is read only if a stage asks for it.
pub(super) struct State {
    store: Store,
    settings: Settings,
}

impl State {
    pub(super) fn open(inspector: &AgentInspector<'_>, event: &Event) -> Result<Self, HookError> {
        let directory = event.cwd.as_ref().map(PathBuf::from);
        let env = StateDirEnv::from_process();
        let state_dir = StateDir::resolve(&env, directory.as_deref(), inspector.host())?;
        let settings = Settings::new(env, with_user_config, directory);
        Ok(Self { store: Store::open(&state_dir, inspector.host()), settings })
    }

    /// Returns the records of this event: of the state directory, and of the fleet if one is configured.
    pub(super) const fn records<'a>(&'a self, inspector: &'a AgentInspector<'a>) -> ConfiguredRecords<'a> {
        ConfiguredRecords::new(&self.store, &self.settings, inspector, Waiting::Event)
    }

    /// Loads the core. A failure is recorded in the audit.
    pub(super) fn load_core(
        &self,
        inspector: &AgentInspector<'_>,
        load: impl FnOnce() -> Result<Core, CoreError>,
    ) -> Result<Core, HookError> {
        load().map_err(|error| {
            audit_failed_core(&self.store, &inspector.now());
            error.into()
        })
    }
}

/// What the stages of one event share.
pub(super) struct EventContext<'a> {
    pub(super) service: DecisionService<'a>,
    /// The agent's process.
    pub(super) process: Option<&'a ProcessStat>,
    /// The payload, for the text of a message. `None` for a notification.
    pub(super) raw: Option<&'a RawEvent>,
    pub(super) started: Instant,
}

impl<'a> EventContext<'a> {
    pub(super) fn new(
        state: &'a State,
        records: &'a dyn RecordStore,
        core: &'a Core,
        inspector: &'a AgentInspector<'a>,
        received: &'a Received,
        process: Option<&'a ProcessStat>,
        started: Instant,
    ) -> Self {
        let State { store, settings } = state;
        Self {
            service: DecisionService { store, records, core, inspector, settings },
            process,
            raw: received.message_source(),
            started,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.service.now()
    }

    pub(super) fn lock(&self) -> Result<LockedStore<'a>, HookError> {
        Ok(self.service.store.lock(Instant::now() + LOCK_TIMEOUT, &self.now())?)
    }

    /// Records the messages of an event whose payload is `raw`.
    pub(super) fn recorder(&self, raw: Option<&'a RawEvent>) -> MessageRecorder<'a> {
        MessageRecorder { store: self.service.store, settings: self.service.settings, raw, now: self.now() }
    }

    /// Records in the audit that the core failed.
    pub(super) fn audit_failed_core(&self) {
        audit_failed_core(self.service.store, &self.now());
    }
}

fn audit_failed_core(store: &Store, now: &Timestamp) {
    if let Ok(mut locked) = store.lock(Instant::now() + LOCK_TIMEOUT, now) {
        // stderr shows the error in any case.
        let _ = audit_core_failure(&mut locked, now);
    }
}
