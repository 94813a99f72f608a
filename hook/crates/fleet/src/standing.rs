//! What a row says about the owner of its run, seen from one machine.

use agent_baton_core::fleet::FleetOwner;
use agent_baton_core::id::MachineId;
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
