//! What a row says about the owner of its run, seen from one machine.

use std::cmp::Ordering;

use agent_baton_core::fleet::FleetOwner;
use agent_baton_core::id::{MachineId, RunId};
use agent_baton_core::run::Run;
use baton_fleet_protocol::{LeaseState, Row, RowOwner};

/// Returns the standing of the owner in a row that was just read.
#[must_use]
pub fn of_row(row: &Row, here: &MachineId) -> FleetOwner {
    match &row.owner {
        RowOwner::Machine { id, lease } if id == here => {
            FleetOwner::Here { lapsed: !matches!(lease, LeaseState::Held { .. }) }
        }
        RowOwner::Machine { lease, .. } => match lease {
            LeaseState::Held { .. } => FleetOwner::Held,
            LeaseState::Lapsed => FleetOwner::Lapsed,
            LeaseState::OwnerEnded => FleetOwner::Ended,
        },
        RowOwner::Handoff { picked_up: Some(by), .. } if by == here => FleetOwner::HandedOver,
        // Whoever may pick it up does so by a command. Until then nobody may advance the run.
        RowOwner::Handoff { .. } => FleetOwner::Held,
    }
}

/// Returns whether the owner of a run was reported to have ended.
pub(crate) fn has_ended(rows: &[Row], run: &RunId) -> bool {
    let row = rows.iter().find(|row| row.run.id == *run);
    row.is_some_and(|row| matches!(row.owner, RowOwner::Machine { lease: LeaseState::OwnerEnded, .. }))
}

/// Returns whether a copy is ahead of its row, or differs from it at the same revision. That can only be if the database was
/// restored from an older copy.
pub(crate) fn contradicts(row: &Row, copy: &Run) -> bool {
    let revision = |run: &Run| run.fleet.as_ref().map(|fleet| fleet.revision);
    let owner = |run: &Run| (run.fence, run.owner.session.clone(), run.owner.process.clone());
    match revision(copy).cmp(&revision(&row.run)) {
        Ordering::Less => false,
        Ordering::Equal => owner(copy) != owner(&row.run) || copy.status != row.run.status,
        Ordering::Greater => true,
    }
}
