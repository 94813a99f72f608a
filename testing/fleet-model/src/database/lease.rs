//! Renewals.

use agent_baton_core::fence::Fence;
use agent_baton_core::id::{MachineId, RunId};
use agent_baton_core::process::Process;
use baton_fleet_protocol::{EndedOwner, Identity, Renewal};

use super::{RunRow, SimulatedDatabase};

impl SimulatedDatabase {
    /// Writes no line to the feed and changes no revision. Returns the runs that were renewed, and those whose end was recorded.
    pub(super) fn renewals(
        &mut self,
        asker: &Identity,
        alive: &[Renewal],
        ended: &[EndedOwner],
        lease_ms: u64,
    ) -> (Vec<RunId>, Vec<RunId>) {
        let (me, now) = (&asker.machine, self.now_ms);
        self.notice(asker);
        let mut done = (Vec::new(), Vec::new());
        for owner in alive {
            let Some(row) = self.owned(me, &owner.run, owner.fence, &owner.process) else { continue };
            row.version += 1;
            row.lease_end_ms = now + lease_ms;
            row.ended = None;
            row.run.iteration = row.run.iteration.max(owner.iteration);
            done.0.push(owner.run.clone());
        }
        for owner in ended {
            let Some(row) = self.owned(me, &owner.run, owner.fence, &owner.process) else { continue };
            // What is recorded already is not written again.
            if row.ended.as_ref() != Some(&owner.process) {
                row.version += 1;
                row.ended = Some(owner.process.clone());
            }
            done.1.push(owner.run.clone());
        }
        done
    }

    fn owned(&mut self, me: &MachineId, run: &RunId, fence: Fence, process: &Process) -> Option<&mut RunRow> {
        let row = self.runs.get_mut(run)?;
        let mine = row.run.fleet.as_ref()?.machine.as_ref() == Some(me) && row.run.status.is_unfinished();
        (mine && row.run.fence == fence && row.run.owner.process == *process).then_some(row)
    }
}
