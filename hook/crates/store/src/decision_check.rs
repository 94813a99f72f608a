//! Checks the core's decision before any part of it is used.

use agent_baton_core::decision::{Change, Decision, Location, Record};
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::request::{Command, Input, PROTOCOL, Reading, Request, Snapshot};
use agent_baton_core::run::{MAX_HISTORY, MAX_PHASE, Run, Status, StopReason};
use agent_baton_core::session::{MAX_DELIVERIES, MAX_LAUNCHES, Session};
use agent_baton_core::timestamp::Timestamp;

use crate::audit::AuditLine;

/// The maximum number of records that one decision may change.
pub const MAX_CHANGES: usize = 16;

/// The maximum number of launches of a session. Launches that may be alive are kept beyond [`MAX_LAUNCHES`], up to as
/// many as one machine may plausibly run.
const MAX_LIVE_LAUNCHES: usize = 8 * MAX_LAUNCHES;

/// The maximum length of a stop reason, in characters.
const MAX_STOP_REASON: usize = 1000;

/// Why the whole decision is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDecision {
    /// The decision uses another version of the protocol.
    #[error("the decision has protocol {0}, but this baton speaks {PROTOCOL}")]
    Protocol(u32),
    /// It changes records although the lock was not held.
    #[error("the decision changes records although the lock was not held")]
    NotLocked,
    /// It changes too many records.
    #[error("the decision changes {0} records; the limit is {MAX_CHANGES}")]
    TooMany(usize),
    /// It changes a record that was not in the snapshot.
    #[error("the decision changes {0}, which was not in the snapshot")]
    NotInSnapshot(String),
    /// It changes a record that cannot be read.
    #[error("the decision changes {0}, which cannot be read")]
    Unreadable(String),
    /// It changes a record twice.
    #[error("the decision changes {0} twice")]
    Twice(String),
    /// It is based on another revision, or does not increase the revision by one.
    #[error("the decision gives {0} a revision that does not follow from the snapshot's")]
    Revision(String),
    /// It changes what makes a record itself.
    #[error("the decision changes the agent or the creation time of {0}")]
    Identity(String),
    /// It lets a fence shrink, or gives a run away without a new one.
    #[error("the decision gives {0} a fence that is not higher than the previous one")]
    Fence(String),
    /// It changes a run that a user cancelled, or a session that a user deleted.
    #[error("the decision changes {0}, which a user cancelled or deleted")]
    Tombstone(String),
    /// It changes the limits of a loop, or counts its iterations wrongly.
    #[error("the decision changes what the loop {0} was started with, or does not count it up to its limit by ones")]
    Loop(String),
    /// It moves a record to a location where it must not be.
    #[error("the decision puts {0} in the wrong location")]
    Location(String),
    /// It contains a text or a list that is too long.
    #[error("the decision makes a text or a list of {0} longer than it may be")]
    TooLong(String),
}

/// A decision that passed the check. Only such a decision can be committed.
#[derive(Debug)]
pub struct ValidatedDecision<'a> {
    request: &'a Request,
    decision: &'a Decision,
}

impl<'a> ValidatedDecision<'a> {
    /// Checks the core's decision on a request.
    ///
    /// Every change must name a record of the snapshot, or the one new record that the request itself names. It must be
    /// based on the revision in the snapshot. It must not change the identity of the record or lower a fence.
    ///
    /// # Errors
    ///
    /// Returns the first violation. The whole decision is then refused.
    pub fn new(request: &'a Request, decision: &'a Decision) -> Result<Self, InvalidDecision> {
        for protocol in [request.protocol, decision.protocol] {
            if protocol != PROTOCOL {
                return Err(InvalidDecision::Protocol(protocol));
            }
        }
        if !request.locked && !decision.changes.is_empty() {
            return Err(InvalidDecision::NotLocked);
        }
        if let Some(change) = decision.changes.iter().find(|change| change.to == Location::Trash) {
            return Err(InvalidDecision::Location(change.record.id().to_owned()));
        }
        check_changes(request, &decision.changes)?;
        // A user can import a record into the archive, and a refresh puts an ended run there. No other rule creates one there.
        let is_refresh = request.input.refreshed_run().is_some();
        let archived = |change: &&Change| change.before.is_none() && change.to == Location::Archive && !is_refresh;
        if let Some(change) = decision.changes.iter().find(archived) {
            return Err(InvalidDecision::Location(change.record.id().to_owned()));
        }
        Ok(Self { request, decision })
    }

    /// Returns the time of the decision.
    pub(crate) const fn at(&self) -> &'a Timestamp {
        &self.request.now
    }

    /// Returns the changes of the decision.
    pub(crate) fn changes(&self) -> &'a [Change] {
        &self.decision.changes
    }

    /// Returns the audit line without the changes.
    pub(crate) fn audit_line(&self, n: u64) -> AuditLine {
        AuditLine::from_decision(n, self.request, self.decision)
    }
}

/// Returns whether the request itself names this new record.
fn may_create(input: &Input, record: &Record) -> bool {
    match (input, record) {
        (Input::Event(event), Record::Session(session)) => event.session.as_ref() == Some(&session.id),
        (Input::Command(command), Record::Run(new)) => match &**command {
            Command::Start { run, .. } | Command::With { run, .. } => *run == new.id,
            Command::Refresh { run, .. } => run.id == new.id,
            _ => false,
        },
        _ => false,
    }
}

fn check_changes(request: &Request, changes: &[Change]) -> Result<(), InvalidDecision> {
    let snapshot = &request.snapshot;
    if changes.len() > MAX_CHANGES {
        return Err(InvalidDecision::TooMany(changes.len()));
    }
    for (i, change) in changes.iter().enumerate() {
        let id = || change.record.id().to_owned();
        let is_same = |other: &Change| {
            std::mem::discriminant(&other.record) == std::mem::discriminant(&change.record)
                && other.record.id() == change.record.id()
        };
        if changes.iter().take(i).any(is_same) {
            return Err(InvalidDecision::Twice(id()));
        }
        let before = match &change.record {
            Record::Session(new) => check_session(find_session(snapshot, &new.id), new)?,
            Record::Run(new) => check_run(&request.input, find_run(snapshot, &new.id), new, change.to)?,
        };
        if before.is_none() && !may_create(&request.input, &change.record) {
            return Err(InvalidDecision::NotInSnapshot(id()));
        }
        let next = before.map_or(Some(1), |before| before.checked_add(1));
        if change.before != before || Some(change.record.revision()) != next {
            return Err(InvalidDecision::Revision(id()));
        }
    }
    Ok(())
}

fn find_session<'s>(snapshot: &'s Snapshot, id: &SessionId) -> Option<&'s Reading<Session>> {
    let own = snapshot.session.record().is_some_and(|own| own.id == *id);
    let named = || snapshot.neighbours.iter().find(|named| named.id == id.as_str());
    if own {
        Some(&snapshot.session)
    } else if let Some(named) = named() {
        Some(&named.reading)
    } else {
        // An absent or unreadable session has no id here, so it stands for the one that the request names.
        snapshot.session.record().is_none().then_some(&snapshot.session)
    }
}

fn find_run<'s>(snapshot: &'s Snapshot, id: &RunId) -> Option<&'s Reading<Run>> {
    let named = snapshot.runs.iter().find(|named| named.id == id.as_str());
    named.map(|named| &named.reading)
}

/// Returns the previous revision, or `None` if the record is new.
fn check_session(reading: Option<&Reading<Session>>, new: &Session) -> Result<Option<u64>, InvalidDecision> {
    let old = match reading {
        None | Some(Reading::Absent) => None,
        Some(Reading::Unreadable) => return Err(InvalidDecision::Unreadable(new.id.to_string())),
        Some(Reading::Deleted) => return Err(InvalidDecision::Tombstone(new.id.to_string())),
        Some(Reading::Live(old) | Reading::Archived(old)) => Some(old),
    };
    check_session_edit(old, new)?;
    Ok(old.map(|old| old.revision))
}

/// Checks the rules for every new version of a session, whether the core or a transaction writes it.
pub(crate) fn check_session_edit(old: Option<&Session>, new: &Session) -> Result<(), InvalidDecision> {
    if new.launches.len() > MAX_LIVE_LAUNCHES || new.deliveries.len() > MAX_DELIVERIES {
        return Err(InvalidDecision::TooLong(new.id.to_string()));
    }
    if old.is_some_and(|old| (&old.id, old.agent, &old.created) != (&new.id, new.agent, &new.created)) {
        return Err(InvalidDecision::Identity(new.id.to_string()));
    }
    Ok(())
}

/// Returns whether a refresh brings a newer row into its copy. The row has what the owner counted on another machine.
fn takes_newer_row(input: &Input, old: &Run, new: &Run) -> bool {
    let Some(row) = input.refreshed_run().filter(|row| row.id == new.id) else { return false };
    let is_newer = match (&old.fleet, &new.fleet) {
        (Some(old), Some(new)) => new.fleet != old.fleet || new.revision > old.revision,
        (None, new) => new.is_some(),
        (Some(_), None) => false,
    };
    is_newer && row.fleet == new.fleet
}

/// Returns whether a loop is counted correctly: its limits do not change, and its iteration grows by at most one.
fn counts(old: &Run, new: &Run) -> bool {
    let terms = |run: &Run| run.loop_state.as_ref().map(|loop_state| loop_state.limits.clone());
    let limited = old.max_iterations == new.max_iterations && new.max_iterations.is_none_or(|max| new.iteration <= max);
    let by_ones = new.iteration == old.iteration || Some(new.iteration) == old.iteration.checked_add(1);
    terms(old) == terms(new) && (old.loop_state.is_none() || (limited && by_ones))
}

fn check_run(
    input: &Input,
    reading: Option<&Reading<Run>>,
    new: &Run,
    to: Location,
) -> Result<Option<u64>, InvalidDecision> {
    let id = || new.id.to_string();
    let stated = match &new.stop_reason {
        Some(StopReason::Stated(text)) => Some(text.clone()),
        Some(StopReason::Rule(_) | StopReason::Idle { .. }) | None => None,
    };
    let longer = |text: &Option<String>, max| text.as_ref().is_some_and(|text| text.chars().count() > max);
    if longer(&new.phase, MAX_PHASE) || longer(&stated, MAX_STOP_REASON) || new.history.len() > MAX_HISTORY {
        return Err(InvalidDecision::TooLong(id()));
    }
    // The archived record of a cancelled run is its tombstone, so it must stay in the archive.
    if new.status.is_unfinished() != (to == Location::Live) || to == Location::Trash {
        return Err(InvalidDecision::Location(id()));
    }
    match reading {
        None | Some(Reading::Absent) => Ok(None),
        Some(Reading::Unreadable) => Err(InvalidDecision::Unreadable(id())),
        Some(Reading::Deleted) => Err(InvalidDecision::Tombstone(id())),
        Some(Reading::Live(old) | Reading::Archived(old)) => {
            if old.status == Status::Cancelled {
                return Err(InvalidDecision::Tombstone(id()));
            }
            if (&old.id, &old.created) != (&new.id, &new.created) {
                return Err(InvalidDecision::Identity(id()));
            }
            if !counts(old, new) && !takes_newer_row(input, old, new) {
                return Err(InvalidDecision::Loop(id()));
            }
            let given = (&old.owner.session, &old.owner.process) != (&new.owner.session, &new.owner.process);
            if new.fence < old.fence || (given && new.fence == old.fence) {
                return Err(InvalidDecision::Fence(id()));
            }
            Ok(Some(old.revision))
        }
    }
}
