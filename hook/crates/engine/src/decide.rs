//! The decision service: the steps that events and commands share, from reading the records to the commit.
//!
//! [`DecisionService::probe`] reads what the system shows, before the lock. [`DecisionService::decide_and_commit`]
//! reads the records again under the lock, asks the core, checks its answer and commits it.
//! [`DecisionService::decide_unlocked`] asks without the lock, so that nothing can change.

#[cfg(test)]
mod tests;

use agent_baton_core::decision::Record;
use agent_baton_core::event::Event;
use agent_baton_core::process::Process;
use agent_baton_core::request::{Command, Input, PROTOCOL, Request, Snapshot};
use agent_baton_core::timestamp::Timestamp;

use crate::config::Settings;
use crate::loops::FinishedLoops;
use crate::observer::{Observed, Observer};
use crate::outcome::Outcome;
use crate::record_store::{RecordStore, Reservation};
use crate::snapshot::{self, ProbeResult};
use baton_agents::AgentInspector;
use baton_core_host::{Core, CoreError};
use baton_store::{
    AuditAction, CommitError, InvalidDecision, LONG_LOG_BYTES, LockedStore, RECENT_LOG_BYTES, Store, StoreError,
    ValidatedDecision, View,
};

/// How often a decision is made again because a record beyond the state directory changed meanwhile.
const MAX_ATTEMPTS: u32 = 10;

/// Why there was no decision. Nothing was changed, except after [`CommitError::InDoubt`].
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// A file of the state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The core failed.
    #[error("the core failed, so nothing was changed")]
    Core(#[from] CoreError),
    /// The core's answer failed a check.
    #[error("the core's decision was refused, so nothing was changed")]
    Refused(#[from] InvalidDecision),
    /// The decision could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A record beyond the state directory kept changing.
    #[error("a run of the fleet kept changing while baton decided, so nothing was changed")]
    Moving,
}

impl DecisionError {
    /// Returns whether the state is still being recovered. The next call continues the recovery.
    #[must_use]
    pub const fn is_recovery_incomplete(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::RecoveryIncomplete { .. })
                | Self::Commit(CommitError::Store(StoreError::RecoveryIncomplete { .. }))
        )
    }
}

/// Asks the core and commits its answers.
pub struct DecisionService<'a> {
    /// The state.
    pub store: &'a Store,
    /// The records beyond the state directory.
    pub records: &'a dyn RecordStore,
    /// The core.
    pub core: &'a Core,
    /// Looks at launches and commands.
    pub inspector: &'a AgentInspector<'a>,
    /// The configuration.
    pub settings: &'a Settings,
}

impl DecisionService<'_> {
    /// Probes the launches and commands that a request can touch. Called before the lock is taken, so that a slow
    /// system does not hold up other processes.
    #[must_use]
    pub fn probe(&self, input: &Input) -> Vec<ProbeResult> {
        let read = self.store.read(|view| snapshot::for_input(view, input));
        if let Ok(Ok(snapshot)) = &read {
            self.records.prefetch(input, snapshot);
        }
        // A record that cannot be read now is read again under the lock, and a launch without a probe is probed there.
        read.ok()
            .and_then(Result::ok)
            .map(|snapshot| snapshot::probe_missing(self.inspector, self.store, &snapshot, &[]))
            .unwrap_or_default()
    }

    /// Asks the core without the lock. Nothing can change.
    ///
    /// # Errors
    /// Returns an error if the core fails.
    pub fn decide_unlocked(&self, input: Input, snapshot: Snapshot) -> Result<Outcome, CoreError> {
        self.ask_core(input, snapshot, self.now(), false)
    }

    /// Reads the records again under the lock, asks the core, checks its answer and commits it. Calls the observers
    /// before and after the commit. Loops and progress logs are observers of every decision.
    ///
    /// # Errors
    /// See [`DecisionError`]. An observer's failure is not an error.
    pub fn decide_and_commit(
        &self,
        locked: &mut LockedStore<'_>,
        input: Input,
        probes: &[ProbeResult],
        now: Timestamp,
        observers: &[&dyn Observer],
    ) -> Result<Outcome, DecisionError> {
        let mut outcome = self.decide_and_reserve(locked, &input, probes, &now)?;
        for observer in observers {
            let observed = observer.before_commit(locked, &outcome);
            outcome.add(observed);
        }
        if !outcome.is_heartbeat() {
            self.commit(locked, &mut outcome)?;
            self.records.committed(locked, &outcome)?;
        }
        let finished = FinishedLoops { store: self.store, settings: self.settings };
        for observer in [&finished as &dyn Observer, &ProgressLogs].iter().chain(observers) {
            let observed = observer.after_commit(locked, &outcome);
            outcome.add(observed);
        }
        Ok(outcome)
    }

    /// Asks the core until its decision is committed beyond the state directory.
    fn decide_and_reserve(
        &self,
        locked: &mut LockedStore<'_>,
        input: &Input,
        probes: &[ProbeResult],
        now: &Timestamp,
    ) -> Result<Outcome, DecisionError> {
        for _ in 0..MAX_ATTEMPTS {
            let mut known = self.read_snapshot(locked, input)?;
            // A refresh brings its copy in line itself.
            let outdated = if is_refresh(input) { Vec::new() } else { self.records.outdated(&known) };
            if !outdated.is_empty() {
                self.refresh_copies(locked, outdated, now)?;
                known = self.read_snapshot(locked, input)?;
            }
            let snapshot = self.probed_snapshot(known, input, probes);
            let mut outcome = self.decide_locked(locked, input.clone(), snapshot, now)?;
            if self.records.reserve(locked, &mut outcome)? == Reservation::Granted {
                return Ok(outcome);
            }
        }
        Err(DecisionError::Moving)
    }

    fn decide_locked(
        &self,
        locked: &mut LockedStore<'_>,
        input: Input,
        snapshot: Snapshot,
        now: &Timestamp,
    ) -> Result<Outcome, DecisionError> {
        match self.ask_core(input, snapshot, now.clone(), true) {
            Ok(outcome) => Ok(outcome),
            Err(error) => {
                audit_core_failure(locked, now)?;
                Err(error.into())
            }
        }
    }

    /// Brings the copies of fleet runs in line with these rows, each in a commit of its own. Returns the outcomes of those
    /// that changed something.
    ///
    /// # Errors
    /// See [`DecisionError`]. What was committed before stands.
    pub fn refresh_copies(
        &self,
        locked: &mut LockedStore<'_>,
        commands: Vec<Command>,
        now: &Timestamp,
    ) -> Result<Vec<Outcome>, DecisionError> {
        let mut changed = Vec::new();
        for command in commands {
            let outcome = self.decide_and_commit(locked, Input::Command(Box::new(command)), &[], now.clone(), &[])?;
            if !outcome.decision.changes.is_empty() {
                changed.push(outcome);
            }
        }
        Ok(changed)
    }

    /// Reads the records that a request can touch, under the lock.
    fn read_snapshot(&self, locked: &mut LockedStore<'_>, input: &Input) -> Result<Snapshot, DecisionError> {
        Ok(match snapshot::for_input(&locked.view(), input) {
            Err(StoreError::IndexMissing { .. }) => {
                locked.rebuild_index()?;
                snapshot::for_input(&locked.view(), input)?
            }
            read => read?,
        })
    }

    /// Completes the records with what is known beyond them. A probe counts only if its launch is still the one that was
    /// probed.
    ///
    /// This probes what nobody probed before the lock. Without an index nobody knew what to probe, and for an event that
    /// waited in the inbox nobody did. If its owner counted as unknown, its run would stay where it is until the next
    /// prompt.
    fn probed_snapshot(&self, mut snapshot: Snapshot, input: &Input, probes: &[ProbeResult]) -> Snapshot {
        snapshot.limits = self.settings.config().limits();
        self.records.complete(input, &mut snapshot);
        let missing = snapshot::probe_missing(self.inspector, self.store, &snapshot, probes);
        let all = || probes.iter().chain(&missing);
        snapshot.probes = all().filter_map(|probe| probe.launch_probe(&snapshot)).collect();
        snapshot.commands = all().filter_map(ProbeResult::command_probe).collect();
        if let Some(session) = session_of(input) {
            // If the log cannot be read, the worst result is that a notification is delivered a second time.
            let tail = self.store.tail(&session, LONG_LOG_BYTES).unwrap_or_default();
            snapshot.deliveries = tail.deliveries();
            snapshot.acknowledged = tail.acknowledged(process_of(input));
        }
        snapshot
    }

    /// Checks the decision and commits it.
    fn commit(&self, locked: &mut LockedStore<'_>, outcome: &mut Outcome) -> Result<(), DecisionError> {
        match ValidatedDecision::new(&outcome.request, &outcome.decision) {
            Ok(checked) => {
                outcome.audit = Some(locked.commit(&checked)?.audit);
                Ok(())
            }
            Err(refusal) => {
                locked.audit(AuditAction::DecisionRefused, &outcome.request.now)?;
                Err(refusal.into())
            }
        }
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inspector.now()
    }

    fn ask_core(&self, input: Input, snapshot: Snapshot, now: Timestamp, locked: bool) -> Result<Outcome, CoreError> {
        let request =
            Request { protocol: PROTOCOL, now, place: self.inspector.host().clone(), locked, input, snapshot };
        let decision = self.core.decide(&request)?;
        Ok(Outcome { request, decision, audit: None, notices: Vec::new(), failures: Vec::new() })
    }
}

/// Records in the audit that the core failed.
///
/// # Errors
/// Returns an error if the audit cannot be written.
pub fn audit_core_failure(locked: &mut LockedStore<'_>, now: &Timestamp) -> Result<(), DecisionError> {
    Ok(locked.audit(AuditAction::CoreFailed, now)?)
}

/// Keeps the progress logs of runs up to date with their records.
struct ProgressLogs;

impl Observer for ProgressLogs {
    fn after_commit(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Observed {
        for change in &outcome.decision.changes {
            if let Record::Run(run) = &change.record {
                let named = outcome.request.snapshot.runs.iter().find(|named| named.id == run.id.as_str());
                // A failure is only reported as a warning, because the log is for the user alone.
                locked.update_progress_log(named.and_then(|named| named.reading.record()), run);
            }
        }
        Ok(Vec::new())
    }
}

fn is_refresh(input: &Input) -> bool {
    matches!(input, Input::Command(command) if matches!(**command, Command::Refresh { .. }))
}

fn session_of(input: &Input) -> Option<agent_baton_core::id::SessionId> {
    match input {
        Input::Event(event) => event.session.clone(),
        Input::Command(command) => command.session().cloned(),
    }
}

const fn process_of(input: &Input) -> Option<&Process> {
    match input {
        Input::Event(event) => event.process.as_ref(),
        Input::Command(_) => None,
    }
}

/// Returns the records of an event on the fast path, the end of its session's log, and the number of the log's next
/// line. Returns `None` if the log is so long that it must be trimmed, which needs the lock.
///
/// # Errors
/// Returns an error if the log cannot be read.
pub fn heartbeat_snapshot(
    store: &Store,
    view: &View<'_>,
    event: &Event,
) -> Result<Option<(Snapshot, u64)>, StoreError> {
    let mut snapshot = snapshot::for_heartbeat(view, event);
    let Some(session) = &event.session else { return Ok(None) };
    let tail = store.tail(session, RECENT_LOG_BYTES)?;
    if tail.is_long() {
        return Ok(None);
    }
    snapshot.deliveries = tail.deliveries();
    snapshot.deliveries.retain(|delivery| delivery.digest == event.digest);
    snapshot.acknowledged = tail.acknowledged(event.process.as_ref());
    Ok(Some((snapshot, tail.next_n())))
}
