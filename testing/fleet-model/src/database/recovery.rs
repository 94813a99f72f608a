//! What follows when the database was restored from an older copy.

use agent_baton_core::id::MachineId;
use agent_baton_core::run::Run;
use baton_fleet_protocol::{Answer, Cause, CommitId, Identity, Position, RowWrite};

use super::merge::{Merge, revision};
use super::{PER_EPOCH, RECOVERED, RESTORED, RunRow, SimulatedDatabase};

impl SimulatedDatabase {
    /// The evidence is a position that is not in the feed. It stands for the token, because the tokens were restored, too.
    pub(super) fn recover(
        &mut self,
        me: &MachineId,
        (epoch, next): (u64, u64),
        seen: &Position,
        commit: &CommitId,
        lease_ms: u64,
    ) -> Result<Answer, Cause> {
        if self.epoch == epoch && next > epoch && !self.has_position(seen) && self.earlier(commit).is_none() {
            let (mut runs, raise) = (Vec::new(), PER_EPOCH * (next - epoch));
            for (id, row) in self.runs.iter_mut().filter(|(_, row)| row.run.status.is_unfinished()) {
                row.run.fence.0 += raise;
                if let Some(fleet) = row.run.fleet.as_mut() {
                    fleet.revision += raise;
                    row.lease_end_ms = fleet.machine.as_ref().map_or(0, |_| self.now_ms + lease_ms);
                }
                // The process may have come back after the copy was made.
                row.ended = None;
                row.version += 1;
                row.written_ms = self.now_ms;
                runs.push(id.clone());
            }
            self.machines.values_mut().for_each(|machine| machine.token = None);
            self.epoch = next;
            self.append(me, commit, RECOVERED, runs);
        }
        Ok(Answer::Ready(self.standing()?))
    }

    pub(super) fn restore(
        &mut self,
        me: &Identity,
        commit: &CommitId,
        rows: &[RowWrite],
        lease_ms: u64,
    ) -> Result<Answer, Cause> {
        if let Some(answer) = self.earlier(commit) {
            return Ok(answer);
        }
        let mut after = self.clone();
        let mut runs = Vec::new();
        for write in rows {
            let mut write = write.clone();
            // The handoff is lost with its archive, so the machine takes the run back.
            if let Some(fleet) = write.run.fleet.as_mut() {
                fleet.machine.get_or_insert_with(|| me.machine.clone());
            }
            if after.merge(&write, lease_ms) {
                runs.push(write.run.id);
            }
        }
        let refused = after.in_the_way(rows);
        if !refused.is_empty() {
            return Ok(Answer::Conflict { runs: refused });
        }
        after.notice(me);
        let change = after.append(&me.machine, commit, RESTORED, runs);
        *self = after;
        Ok(Answer::Committed { change })
    }

    /// Returns whether the row changed.
    fn merge(&mut self, write: &RowWrite, lease_ms: u64) -> bool {
        let (now, raise) = (self.now_ms, PER_EPOCH * (self.epoch - 1));
        let Some(row) = self.runs.get_mut(&write.run.id) else {
            let mut run = write.run.clone();
            let base_fence = run.fence.0;
            // No copy of a lost row has such numbers, whichever recoveries it has seen.
            run.fence.0 += raise;
            if let Some(fleet) = run.fleet.as_mut() {
                fleet.revision += raise;
            }
            let (lease_end_ms, directory) = (now + lease_ms, write.directory.clone());
            let (ended, handoff, written_ms) = (None, None, now);
            let row = RunRow { run, version: 1, base_fence, lease_end_ms, ended, handoff, directory, written_ms };
            self.runs.insert(write.run.id.clone(), row);
            return true;
        };
        let merge = Merge::new(row, &write.run, raise);
        let merged = merge.run(&row.run, &write.run);
        if merged == row.run && !contradicts(&write.run, &row.run) {
            return false;
        }
        if merge.has_later_owner {
            row.base_fence = merge.fence;
            row.lease_end_ms = now + lease_ms;
            row.ended = None;
            row.handoff = None;
        }
        let next = merge.revision.max(revision(&row.run)) + 1;
        row.directory = write.directory.clone().or_else(|| row.directory.take());
        row.run = merged;
        row.version += 1;
        row.written_ms = now;
        if let Some(fleet) = row.run.fleet.as_mut() {
            fleet.revision = next;
        }
        true
    }
}

/// Returns whether a copy has the row's revision, or is ahead of it, and says something else.
fn contradicts(copy: &Run, row: &Run) -> bool {
    let facts = |run: &Run| {
        (run.status, run.fence, run.owner.process.clone(), run.fleet.as_ref().and_then(|fleet| fleet.machine.clone()))
    };
    revision(copy) > revision(row) || (revision(copy) == revision(row) && facts(copy) != facts(row))
}
