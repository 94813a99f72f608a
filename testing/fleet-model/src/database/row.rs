//! The row of a run.

use agent_baton_core::id::RunId;
use agent_baton_core::process::Process;
use agent_baton_core::run::Run;
use baton_fleet_protocol::{CommitId, LeaseState, Row, RowOwner};

use super::SimulatedDatabase;

/// The row of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// The run.
    pub run: Run,
    /// It grows with each write, also with a renewal.
    pub version: u64,
    /// Its fence without what recoveries added since the last change of owner.
    pub base_fence: u64,
    /// When the owner's lease ends. 0 if no machine owns it.
    pub lease_end_ms: u64,
    /// The process that was proved to have ended.
    pub ended: Option<Process>,
    /// The handoff that owns the run while no machine does.
    pub handoff: Option<CommitId>,
    /// The base name of its directory.
    pub directory: Option<String>,
    /// When it was last written.
    pub written_ms: u64,
}

impl RunRow {
    /// Returns the revision and the version.
    #[must_use]
    pub fn numbers(&self) -> (u64, u64) {
        (self.run.fleet.as_ref().map_or(0, |fleet| fleet.revision), self.version)
    }
}

impl SimulatedDatabase {
    /// Returns a row as it is answered.
    pub(super) fn row(&self, id: &RunId) -> Option<Row> {
        let row = self.runs.get(id)?;
        Some(Row {
            run: row.run.clone(),
            version: row.version,
            owner: self.owner(row)?,
            directory: row.directory.clone(),
            age_ms: self.now_ms.saturating_sub(row.written_ms),
        })
    }

    fn owner(&self, row: &RunRow) -> Option<RowOwner> {
        if let Some(id) = row.run.fleet.as_ref()?.machine.clone() {
            let left_ms = row.lease_end_ms.saturating_sub(self.now_ms);
            let lease = match &row.ended {
                Some(process) if *process == row.run.owner.process => LeaseState::OwnerEnded,
                _ if left_ms > 0 => LeaseState::Held { left_ms },
                _ => LeaseState::Lapsed,
            };
            return Some(RowOwner::Machine { id, lease });
        }
        let handoff = self.handoffs.get(row.handoff.as_ref()?)?;
        let picked_up = handoff.picked_up.clone();
        Some(RowOwner::Handoff { from: handoff.from.clone(), to: handoff.new.to.clone(), picked_up })
    }
}
