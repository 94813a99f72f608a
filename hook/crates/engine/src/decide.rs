//! One question, from the records to the commit: what events and commands have in common.

#[cfg(test)]
mod tests;

use agent_baton_core::decision::{Decision, Record};
use agent_baton_core::event::Event;
use agent_baton_core::process::Process;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Input, PROTOCOL, Request, Snapshot};
use agent_baton_core::timestamp::Timestamp;

use crate::config::Settings;
use crate::loops;
use crate::snapshot::{self, ProbeResult};
use baton_agents::AgentInspector;
use baton_core_host::{Core, CoreError};
use baton_store::{
    CommitError, InvalidDecision, LONG_LOG_BYTES, LockedStore, RECENT_LOG_BYTES, Store, StoreError, ValidatedDecision,
    View,
};

/// Why a question was not settled. Nothing was changed, but for [`CommitError::InDoubt`].
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// A file of the state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The core failed.
    #[error("the core failed: {0}. Nothing was changed; this is a fault of baton")]
    Core(#[from] CoreError),
    /// The core's answer was not believed.
    #[error("the core's decision was refused: {0}. Nothing was changed; this is a fault of baton")]
    Refused(#[from] InvalidDecision),
    /// The decision could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl DecisionError {
    /// Whether the state must first be brought into order, which the next call goes on with.
    #[must_use]
    pub const fn is_recovery_incomplete(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::RecoveryIncomplete { .. })
                | Self::Commit(CommitError::Store(StoreError::RecoveryIncomplete { .. }))
        )
    }
}

/// A question and its answer.
#[derive(Debug)]
pub struct Outcome {
    /// The question.
    pub request: Request,
    /// The answer; what it changes is committed.
    pub decision: Decision,
    /// The number of its line in the audit; none for one that has none.
    pub audit: Option<u64>,
}

impl Outcome {
    /// Whether the answer is that a known launch gave a heartbeat, and nothing else: the session's log has it, not the audit.
    #[must_use]
    pub fn is_heartbeat(&self) -> bool {
        self.decision.reason == Reason::Heartbeat && self.decision.changes.is_empty()
    }
}

/// Puts questions to the core, and commits its answers.
pub struct DecisionService<'a> {
    /// The state.
    pub store: &'a Store,
    /// The core.
    pub core: &'a Core,
    /// What looks at launches.
    pub inspector: &'a AgentInspector<'a>,
    /// What a user set.
    pub settings: &'a Settings,
}

impl DecisionService<'_> {
    /// Looks at the launches that a question can touch. This is done before the lock is taken: a machine that answers slowly
    /// holds up nobody else.
    #[must_use]
    pub fn probe(&self, input: &Input) -> Vec<ProbeResult> {
        let read = self.store.read(|view| snapshot::for_input(view, input));
        // What cannot be read now is read again under the lock; what was not looked at counts as unknown.
        read.ok()
            .and_then(Result::ok)
            .map(|snapshot| snapshot::probe_all(self.inspector, self.store, &snapshot))
            .unwrap_or_default()
    }

    /// Asks without the lock, so that nothing can change.
    ///
    /// # Errors
    /// When the core fails.
    pub fn decide_unlocked(&self, input: Input, snapshot: Snapshot) -> Result<Outcome, CoreError> {
        self.ask_core(input, snapshot, self.now(), false)
    }

    /// Reads the records again under the lock, asks, checks the answer and commits it.
    ///
    /// # Errors
    /// See [`DecisionError`].
    pub fn decide_and_commit(
        &self,
        locked: &mut LockedStore<'_>,
        input: Input,
        looked: &[ProbeResult],
        now: Timestamp,
    ) -> Result<Outcome, DecisionError> {
        self.decide_and_commit_with(locked, input, looked, now, |_, _| {})
    }

    /// The same, with something to be done once the answer is known and before it is committed.
    ///
    /// # Errors
    /// See [`DecisionError`].
    pub fn decide_and_commit_with(
        &self,
        locked: &mut LockedStore<'_>,
        input: Input,
        looked: &[ProbeResult],
        now: Timestamp,
        first: impl FnOnce(&mut LockedStore<'_>, &Outcome),
    ) -> Result<Outcome, DecisionError> {
        let mut snapshot = match snapshot::for_input(&locked.view(), &input) {
            Err(StoreError::IndexMissing { .. }) => {
                locked.rebuild_index()?;
                snapshot::for_input(&locked.view(), &input)?
            }
            read => read?,
        };
        snapshot.limits = self.settings.config().limits();
        snapshot.probes = looked.iter().filter_map(|looked| looked.launch_probe(&snapshot)).collect();
        snapshot.commands = looked.iter().filter_map(ProbeResult::command_probe).collect();
        if let Some(session) = session_of(&input) {
            // A log that cannot be read costs no more than telling twice.
            let tail = self.store.tail(&session, LONG_LOG_BYTES).unwrap_or_default();
            snapshot.deliveries = tail.deliveries();
            snapshot.told = tail.told(process_of(&input));
        }
        let mut settled = match self.ask_core(input, snapshot, now.clone(), true) {
            Ok(settled) => settled,
            Err(error) => {
                audit_core_failure(locked, &now)?;
                return Err(error.into());
            }
        };
        first(locked, &settled);
        if settled.is_heartbeat() {
            return Ok(settled);
        }
        match ValidatedDecision::new(&settled.request, &settled.decision) {
            Ok(checked) => {
                settled.audit = Some(locked.commit(&checked)?.audit);
                loops::remove_finished_loop(self.store, || self.settings.account_home(), &settled.decision);
                update_progress_log(locked, &settled);
            }
            Err(refusal) => {
                audit_failure(locked, &settled.request.now, "decision_refused")?;
                return Err(refusal.into());
            }
        }
        Ok(settled)
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inspector.now()
    }

    fn ask_core(&self, input: Input, snapshot: Snapshot, now: Timestamp, locked: bool) -> Result<Outcome, CoreError> {
        let request =
            Request { protocol: PROTOCOL, now, place: self.inspector.host().clone(), locked, input, snapshot };
        let decision = self.core.decide(&request)?;
        Ok(Outcome { request, decision, audit: None })
    }
}

/// Leaves a line in the audit that the core failed.
///
/// # Errors
/// Where it cannot be written.
pub fn audit_core_failure(locked: &mut LockedStore<'_>, now: &Timestamp) -> Result<(), DecisionError> {
    audit_failure(locked, now, "core_failed")
}

/// Leaves a line in the audit of something that changed nothing.
fn audit_failure(locked: &mut LockedStore<'_>, now: &Timestamp, what: &'static str) -> Result<(), DecisionError> {
    let snapshot = Snapshot::default();
    let checked = ValidatedDecision::for_user_edit(what, now, &snapshot, &[])?;
    locked.commit(&checked)?;
    Ok(())
}

/// Brings the progress logs of the runs that were changed to where their records stand, while the lock keeps others out.
fn update_progress_log(locked: &mut LockedStore<'_>, settled: &Outcome) {
    for change in &settled.decision.changes {
        if let Record::Run(run) = &change.record {
            let named = settled.request.snapshot.runs.iter().find(|named| named.id == run.id.as_str());
            locked.update_progress_log(named.and_then(|named| named.reading.record()), run);
        }
    }
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

/// The records of an event on the fast path, with what the end of its session's log says. None where the log has grown so long that
/// it wants to be cut, which needs the lock.
///
/// # Errors
/// Where the log cannot be read.
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
    snapshot.told = tail.told(event.process.as_ref());
    Ok(Some((snapshot, tail.next_n())))
}
