//! The rows of a session's runs when the session is handed over, and when that is taken back.

use agent_baton_core::id::MachineId;
use agent_baton_core::reason::Reason;
use agent_baton_core::run::{MAX_HISTORY, Run, Transfer};
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::{Row, RowOwner, RowWrite, to_row_record};

/// Whose a run is, seen from the machine that hands its session over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// It is this machine's: its owner is here, or it was handed over to this machine.
    Here,
    /// This machine handed it over, and nobody has picked it up.
    HandedOver,
    /// It is another machine's.
    Elsewhere(MachineId),
}

/// Returns whose the run of a row is.
#[must_use]
pub fn holder(row: &Row, here: &MachineId) -> Holder {
    match &row.owner {
        RowOwner::Machine { id, .. } if id == here => Holder::Here,
        RowOwner::Machine { id, .. } => Holder::Elsewhere(id.clone()),
        RowOwner::Handoff { picked_up: Some(by), .. } if by == here => Holder::Here,
        RowOwner::Handoff { picked_up: Some(by), .. } => Holder::Elsewhere(by.clone()),
        RowOwner::Handoff { from, .. } if from == here => Holder::HandedOver,
        RowOwner::Handoff { from, .. } => Holder::Elsewhere(from.clone()),
    }
}

/// Returns the row of a run that belongs to nobody until another machine's first event. `copy` is this machine's, which may be
/// ahead in phase and iteration if its owner went on without the database.
#[must_use]
pub fn handed_over(row: &Row, copy: Option<&Run>, now: &Timestamp) -> RowWrite {
    let mut run = row.run.clone();
    if let Some(copy) = copy.filter(|copy| copy.fence == run.fence) {
        run.iteration = run.iteration.max(copy.iteration);
        run.phase.clone_from(&copy.phase);
    }
    moved(row, run, None, Reason::HandedOver, now)
}

/// Returns the row of a run whose handoff was taken back.
#[must_use]
pub fn taken_back(row: &Row, here: &MachineId, now: &Timestamp) -> RowWrite {
    moved(row, row.run.clone(), Some(here.clone()), Reason::Adopted, now)
}

fn moved(row: &Row, mut run: Run, machine: Option<MachineId>, reason: Reason, now: &Timestamp) -> RowWrite {
    let revision = run.fleet.as_ref().map_or(0, |fleet| fleet.revision);
    run.fence = run.fence.next();
    let progress = Some(run.progress());
    run.history.push(Transfer { fence: run.fence, from: run.owner.clone(), at: now.clone(), reason, progress });
    let spare = run.history.len().saturating_sub(MAX_HISTORY);
    run.history.drain(..spare);
    if let Some(fleet) = &mut run.fleet {
        fleet.machine = machine;
        fleet.revision = revision.saturating_add(1);
    }
    RowWrite { before: Some((revision, row.version)), run: to_row_record(&run), directory: row.directory.clone() }
}
