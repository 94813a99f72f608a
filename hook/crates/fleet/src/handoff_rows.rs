//! The rows of a session's runs when the session is handed over, and when that is taken back.

use agent_baton_core::id::MachineId;
use agent_baton_core::reason::Reason;
use agent_baton_core::run::{MAX_HISTORY, Run, Transfer};
use agent_baton_core::timestamp::Timestamp;
use baton_display::strip_control_chars;
use baton_fleet_protocol::{HandoffSummary, Row, RowOwner, RowWrite, Rows, to_row_record};

use crate::handoff_error::HandoffError;

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

/// Refuses to hand a session over of which another machine has a run.
///
/// # Errors
/// Returns the first such run, with its machine.
pub fn check_holders(rows: &Rows, here: &MachineId) -> Result<(), HandoffError> {
    for row in &rows.rows {
        if let Holder::Elsewhere(machine) = holder(row, here) {
            let machine = describe_machine(&machine, rows);
            return Err(HandoffError::OwnedElsewhere { run: row.run.id.clone(), machine });
        }
    }
    Ok(())
}

/// Returns why a handoff cannot be taken back: another machine picked it up, or it is gone.
#[must_use]
pub fn not_withdrawn(handoff: &HandoffSummary, rows: &Rows) -> HandoffError {
    let session = handoff.session.clone();
    let now = rows.handoffs.iter().find(|it| it.id == handoff.id);
    match now.and_then(|it| it.picked_up.as_ref()) {
        Some(by) => HandoffError::PickedUp { session, machine: describe_machine(by, rows) },
        None => HandoffError::NotHandedOver { session },
    }
}

/// Returns the name of a machine for a user, with its id, or the id alone if the rows do not say more.
fn describe_machine(id: &MachineId, rows: &Rows) -> String {
    let found = rows.machines.iter().find(|machine| machine.id == *id);
    found.map_or_else(|| id.to_string(), |machine| format!("{} ({id})", strip_control_chars(&machine.name)))
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
