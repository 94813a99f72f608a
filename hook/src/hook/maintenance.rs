//! Seventh stage: maintenance after the agent has its reply. The hook does a little at each start and end of a
//! session, so that nobody has to run `baton gc`, `baton session discover` or `baton project restore`.

use std::time::{Duration, Instant};

use agent_baton_core::event::EventName;

use baton_display::warn;
use baton_engine::decide::DecisionService;
use baton_engine::discovery::{Bounds, Discovery, register};
use baton_engine::liveness::LivenessCheck;
use baton_engine::retention::{DECISIONS_PER_SWEEP, Sweep, SweepError, run_incremental};
use baton_protect::unrestored_projects;
use baton_store::LockError;

use super::error::HookError;
use crate::hint::Advice;

/// The maximum number of files of each agent that are searched for sessions that no hook announced.
const MAX_DISCOVERED_ENTRIES: usize = 64;

/// How long the search may take.
const DISCOVERY_TIME: Duration = Duration::from_millis(50);

/// How long a process must have run before its session is registered. Until then, its own hook may announce it.
const MIN_PROCESS_AGE_MS: u64 = 10_000;

/// How long restoring the protected files that lost sessions left behind may take.
const RESTORE_TIME: Duration = Duration::from_millis(400);

/// How long maintenance waits for the lock. It is short because the holder's work is more urgent.
const LOCK_WAIT: Duration = Duration::from_millis(20);

/// Runs the maintenance that is due after the event whose decision has this number in the audit.
///
/// # Errors
/// Returns an error if the state cannot be used. That loses nothing, because the next call continues.
pub(super) fn run(service: &DecisionService<'_>, event: EventName, audit: Option<u64>) -> Result<(), HookError> {
    // Discovery depends on the retention limits. If the user's limits cannot be read, retention must not archive by
    // other limits.
    if !matches!(event, EventName::SessionStart | EventName::SessionEnd) || service.settings.problem().is_some() {
        return Ok(());
    }
    if event == EventName::SessionStart {
        discover(service)?;
        restore_unrestored(service)?;
    }
    if audit.is_some_and(|n| n.is_multiple_of(DECISIONS_PER_SWEEP)) {
        let liveness = LivenessCheck::new(service.inspector);
        let policy = &service.settings.config().retention;
        run_incremental(&Sweep { store: service.store, liveness: &liveness, policy, now: service.now() })?;
    }
    Ok(())
}

/// Registers sessions that processes display and that have no record.
fn discover(service: &DecisionService<'_>) -> Result<(), SweepError> {
    let discovery = Discovery {
        store: service.store,
        inspector: service.inspector,
        policy: &service.settings.config().retention,
        now: service.now(),
        bounds: Bounds {
            entries: MAX_DISCOVERED_ENTRIES,
            until: Instant::now() + DISCOVERY_TIME,
            min_age_ms: MIN_PROCESS_AGE_MS,
        },
    };
    let found = discovery.running_sessions().sessions;
    if found.is_empty() {
        return Ok(());
    }
    match service.store.lock(Instant::now() + LOCK_WAIT, &discovery.now) {
        Err(LockError::Busy { .. }) => Ok(()),
        locked => register(&mut locked?, found, &discovery.now).map(drop).map_err(SweepError::from),
    }
}

/// Restores the protected files of projects whose sessions are all gone.
fn restore_unrestored(service: &DecisionService<'_>) -> Result<(), HookError> {
    let (until, now) = (Instant::now() + RESTORE_TIME, service.now());
    let unrestored = unrestored_projects(service.store, service.inspector)?;
    for project in unrestored.into_iter().filter(|project| project.is_due(&now)) {
        if Instant::now() > until {
            break;
        }
        // Other calls get the lock between two projects.
        match service.store.lock(Instant::now() + LOCK_WAIT, &now) {
            Err(LockError::Busy { .. }) => break,
            locked => {
                // A failure in one project stops no other one.
                let restored = project.restore(&mut locked?, service.inspector, &now, until);
                let _ = restored.inspect_err(|error| warn(&error.in_one_line()));
            }
        }
    }
    Ok(())
}
