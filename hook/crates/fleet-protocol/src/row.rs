//! The row of a fleet run.

use agent_baton_core::id::MachineId;
use agent_baton_core::loop_state::Loop;
use agent_baton_core::pane::Pane;
use agent_baton_core::run::{Run, StopReason};
use serde::{Deserialize, Serialize};

/// The row of a run, as the database has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The run. Its `fleet` has the row's revision.
    pub run: Run,
    /// A number that grows with each write of the row, also with a renewal of the lease.
    pub version: u64,
    /// Its owner.
    pub owner: RowOwner,
    /// The base name of the project's directory on the machine that started the run, for people.
    pub directory: Option<String>,
    /// How long ago the row was written, in milliseconds of the database's clock.
    pub age_ms: u64,
}

/// The owner of a run, as its row has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOwner {
    /// A process on a machine.
    Machine {
        /// The machine.
        id: MachineId,
        /// What the database knows of its lease.
        lease: LeaseState,
    },
    /// The handoff of the run's session.
    Handoff {
        /// The machine that handed it over.
        from: MachineId,
        /// The only machine that may pick it up, or `None` for any.
        to: Option<MachineId>,
        /// The machine that picked it up, once one has.
        picked_up: Option<MachineId>,
    },
}

/// A lease, by the database's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseState {
    /// It has not ended.
    Held {
        /// How long it still lasts, in milliseconds.
        left_ms: u64,
    },
    /// It has ended, and nobody knows whether the owner has.
    Lapsed,
    /// The owner's machine proved that the owner's process has ended.
    OwnerEnded,
}

/// Returns what the row of a run holds of its record: ids, names, numbers and times. Panes, paths and the texts that people
/// stated stay on their machine.
#[must_use]
pub fn to_row_record(run: &Run) -> Run {
    let mut run = run.clone();
    run.revision = 0;
    run.owner.pane = Pane::Unknown;
    run.project = None;
    run.directory = None;
    for transfer in &mut run.history {
        transfer.from.pane = Pane::Unknown;
    }
    if let Some(StopReason::Stated(_)) = run.stop_reason {
        run.stop_reason = None;
    }
    run.loop_state = run.loop_state.map(|state| Loop::new(state.limits));
    run
}
