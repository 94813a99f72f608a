//! Rows to write, in the form in which the statements take them.

use agent_baton_core::id::MachineId;
use agent_baton_core::run::Run;
use baton_fleet_protocol::{Cause, Failure, RowWrite, to_row_record};
use serde::Serialize;

use crate::error::{clean, failure};
use crate::standing::Asker;
use crate::stored_row::MAX_DIRECTORY;

/// A row to write.
#[derive(Serialize)]
struct Written<'a> {
    id: &'a str,
    before_revision: Option<u64>,
    before_version: Option<u64>,
    revision: u64,
    fence: u64,
    name: &'a str,
    status: &'static str,
    iteration: u32,
    session: Option<&'a str>,
    project: &'a str,
    owner_machine: Option<&'a str>,
    directory: Option<String>,
    record: Run,
}

/// What happens to a run that no machine owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownerless {
    /// It belongs to a handoff.
    HandedOver,
    /// The machine that asks gets it back, because the restored database does not have the handoff.
    TakenBack,
}

/// Returns the rows as a JSON array.
///
/// # Errors
///
/// If a run is not of the fleet of the machine that asks.
pub fn to_json(writes: &[RowWrite], asker: &Asker, ownerless: Ownerless) -> Result<String, Failure> {
    let records: Vec<Run> = writes.iter().map(|write| record(&write.run, asker, ownerless)).collect();
    let rows: Result<Vec<Written<'_>>, Failure> =
        writes.iter().zip(&records).map(|(write, run)| row(write, run, asker)).collect();
    serde_json::to_string(&rows?).map_err(|error| failure(Cause::Protocol, format!("a row cannot be written: {error}")))
}

/// Returns the record without what stays on the machine.
fn record(run: &Run, asker: &Asker, ownerless: Ownerless) -> Run {
    let mut run = to_row_record(run);
    if let (Ownerless::TakenBack, Some(fleet)) = (ownerless, &mut run.fleet) {
        fleet.machine = fleet.machine.take().or_else(|| MachineId::try_from(asker.machine().to_owned()).ok());
    }
    run
}

fn row<'a>(write: &RowWrite, run: &'a Run, asker: &Asker) -> Result<Written<'a>, Failure> {
    let fleet = run.fleet.as_ref().filter(|fleet| fleet.fleet.as_str() == asker.fleet());
    let fleet = fleet.ok_or_else(|| failure(Cause::Protocol, format!("the run {} is not of this fleet", run.id)))?;
    Ok(Written {
        id: run.id.as_str(),
        before_revision: write.before.map(|(revision, _)| revision),
        before_version: write.before.map(|(_, version)| version),
        revision: fleet.revision,
        fence: run.fence.0,
        name: run.name.as_str(),
        status: run.status.name(),
        iteration: run.iteration,
        session: run.owner.session.as_ref().map(|session| session.as_str()),
        project: &fleet.project,
        owner_machine: fleet.machine.as_ref().map(MachineId::as_str),
        directory: write.directory.as_deref().map(base_name),
        record: run.clone(),
    })
}

/// Returns the last part of a path: no other part of it leaves the machine.
fn base_name(directory: &str) -> String {
    clean(directory.rsplit('/').next().unwrap_or_default(), MAX_DIRECTORY)
}
