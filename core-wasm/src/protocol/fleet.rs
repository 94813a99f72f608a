//! What a run's fleet says about it. A fleet is a set of machines that share a database.

use serde::{Deserialize, Serialize};

use crate::id::{FleetId, MachineId, RunId};

/// The part of a run's record that makes it a run of a fleet: a row of the fleet's database decides, and the record is a
/// copy of the row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FleetRun {
    /// The fleet.
    pub fleet: FleetId,
    /// The revision of the row of which this is a copy, or 0 while the run has no row.
    pub revision: u64,
    /// The machine of the owner, or `None` while the run is handed over and nobody has picked it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<MachineId>,
    /// The identity of the project, which is the same on every machine: the normalised URL of its git remote.
    pub project: String,
}

/// What the fleet says about the owner of a run at the time of the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FleetStanding {
    /// The run.
    pub run: RunId,
    /// Its owner.
    pub owner: FleetOwner,
}

/// Why the copy of a run leaves its fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReleaseCause {
    /// This machine left the fleet, or joined another one.
    FleetLeft,
    /// The database was restored from an older copy, and another run has the run's session or name there now.
    ReplacedAfterRestore,
}

/// The owner of a fleet run, seen from one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FleetOwner {
    /// It is on this machine, so what the machine shows decides, and then the lease.
    Here {
        /// Whether its lease has ended.
        lapsed: bool,
    },
    /// It is on another machine, and its lease has not ended.
    Held,
    /// It is on another machine, and its lease has ended. It may still be alive.
    Lapsed,
    /// It is on another machine, which proved that its process has ended.
    Ended,
    /// There is none: the run was handed over to this machine.
    HandedOver,
    /// The database cannot be asked, and no lease allows this machine to go on without it.
    Unreachable,
}
