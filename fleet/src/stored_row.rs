//! A row as the database has it, and how it becomes one that baton uses. A row is input: it may be anything.

use agent_baton_core::id::MachineId;
use agent_baton_core::process::Process;
use agent_baton_core::run::{MAX_PHASE, Run, is_printable};
use baton_fleet_protocol::{LeaseState, Row, RowOwner, to_row_record};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::error::clean;

/// The maximum length of a directory's base name, in characters.
pub const MAX_DIRECTORY: usize = 255;

/// The maximum length of each text that only programs compare, in bytes.
const MAX_TEXT: usize = 512;

/// Why a row cannot be used.
#[derive(Debug, Error)]
pub enum RowError {
    /// The record cannot be parsed.
    #[error("the record is not that of a run")]
    Record(#[source] serde_json::Error),
    /// A column says something else than the record.
    #[error("the column {0} and the record say different things")]
    Differs(&'static str),
    /// The row has no owner, or its handoff is missing.
    #[error("the row has no owner")]
    NoOwner,
    /// A text is too long or has control characters.
    #[error("the field {0} has a text that no machine has")]
    Text(&'static str),
}

/// The columns of a row, and those that the statement adds.
#[derive(Debug, Deserialize)]
pub struct StoredRow {
    id: String,
    revision: u64,
    version: u64,
    fence: u64,
    name: String,
    status: String,
    iteration: u64,
    session: Option<String>,
    project: String,
    owner_machine: Option<MachineId>,
    handoff: Option<String>,
    handoff_origin: Option<MachineId>,
    handoff_target: Option<MachineId>,
    handoff_picked_up: Option<MachineId>,
    lease_left_ms: Option<i64>,
    owner_ended: bool,
    directory: Option<String>,
    age_ms: i64,
    record: Value,
}

impl StoredRow {
    /// Returns the row.
    ///
    /// # Errors
    ///
    /// If no version of baton wrote it.
    pub fn parse(self, fleet: &str) -> Result<Row, RowError> {
        let run: Run = serde_json::from_value(self.record.clone()).map_err(RowError::Record)?;
        self.compare(&run, fleet)?;
        check_texts(&run)?;
        let mut run = to_row_record(&run);
        run.phase = run.phase.map(|phase| clean(&phase, MAX_PHASE));
        let owner = match (self.owner_machine, self.handoff, self.handoff_origin) {
            (Some(id), None, _) => RowOwner::Machine { id, lease: lease(self.owner_ended, self.lease_left_ms) },
            (None, Some(_), Some(from)) => {
                RowOwner::Handoff { from, to: self.handoff_target, picked_up: self.handoff_picked_up }
            }
            _ => return Err(RowError::NoOwner),
        };
        Ok(Row {
            run,
            version: self.version,
            owner,
            directory: self.directory.map(|directory| clean(&directory, MAX_DIRECTORY)),
            age_ms: u64::try_from(self.age_ms).unwrap_or(0),
        })
    }

    /// Checks that the columns on which the statements decide say what the record says.
    fn compare(&self, run: &Run, fleet: &str) -> Result<(), RowError> {
        let of_fleet = run.fleet.as_ref().ok_or(RowError::Differs("fleet"))?;
        for (column, same) in [
            ("id", run.id.as_str() == self.id),
            ("revision", of_fleet.revision == self.revision),
            ("fence", run.fence.0 == self.fence),
            ("name", run.name.as_str() == self.name),
            ("status", run.status.name() == self.status),
            ("iteration", u64::from(run.iteration) == self.iteration),
            ("session", run.owner.session.as_ref().map(|id| id.as_str()) == self.session.as_deref()),
            ("project", of_fleet.project == self.project),
            ("owner_machine", of_fleet.machine == self.owner_machine),
            ("fleet", of_fleet.fleet.as_str() == fleet),
        ] {
            if !same {
                return Err(RowError::Differs(column));
            }
        }
        Ok(())
    }
}

fn lease(owner_ended: bool, left_ms: Option<i64>) -> LeaseState {
    match left_ms {
        _ if owner_ended => LeaseState::OwnerEnded,
        Some(left) if left > 0 => LeaseState::Held { left_ms: left.unsigned_abs() },
        _ => LeaseState::Lapsed,
    }
}

/// Checks the texts that are compared and not shown: cleaning would make another text of them.
fn check_texts(run: &Run) -> Result<(), RowError> {
    let is_plain = |text: &str| text.len() <= MAX_TEXT && text.chars().all(is_printable);
    let is_process = |process: &Process| is_plain(&process.boot) && is_plain(&process.machine);
    let owners = run.history.iter().map(|transfer| &transfer.from).chain([&run.owner]);
    for owner in owners {
        if !is_process(&owner.process) || owner.child.as_ref().is_some_and(|child| !is_process(child)) {
            return Err(RowError::Text("process"));
        }
    }
    if run.loop_state.as_ref().is_some_and(|state| !is_plain(&state.limits.definition)) {
        return Err(RowError::Text("definition"));
    }
    if run.fleet.as_ref().is_some_and(|fleet| !is_plain(&fleet.project)) {
        return Err(RowError::Text("project"));
    }
    let times = [Some(&run.created), Some(&run.updated), run.finished.as_ref()];
    if times
        .into_iter()
        .flatten()
        .chain(run.history.iter().map(|transfer| &transfer.at))
        .any(|time| !is_plain(&time.boot))
    {
        return Err(RowError::Text("time"));
    }
    Ok(())
}
