//! What follows when the database was restored from an older copy.

use agent_baton_core::id::MachineId;
use agent_baton_core::run::{Run, Status};
use baton_fleet_protocol::{Answer, Cause, CommitId, Position, RowWrite};

use super::{PER_EPOCH, RECOVERED, RESTORED, RunRow, SimulatedDatabase};

impl SimulatedDatabase {
    /// The evidence is a position that is not in the feed. It stands for the token, because the tokens were restored, too.
    pub(super) fn recover(
        &mut self,
        me: &MachineId,
        epoch: u64,
        next: u64,
        seen: &Position,
        commit: &CommitId,
    ) -> Result<Answer, Cause> {
        if self.epoch == epoch && next > epoch && !self.has_position(seen) {
            let mut runs = Vec::new();
            for (id, row) in self.runs.iter_mut().filter(|(_, row)| row.run.status.is_unfinished()) {
                row.run.fence.0 += PER_EPOCH * (next - epoch);
                advance(row, PER_EPOCH * (next - epoch), self.now_ms);
                runs.push(id.clone());
            }
            self.epoch = next;
            self.append(me, commit, RECOVERED, runs);
        }
        Ok(Answer::Ready(self.standing()?))
    }

    pub(super) fn restore(
        &mut self,
        me: &MachineId,
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
            if after.merge(write, lease_ms) {
                runs.push(write.run.id.clone());
            }
        }
        let refused = after.in_the_way(rows);
        if !refused.is_empty() {
            return Ok(Answer::Conflict { runs: refused });
        }
        let change = after.append(me, commit, RESTORED, runs);
        *self = after;
        Ok(Answer::Committed { change })
    }

    /// Returns whether the row changed.
    fn merge(&mut self, write: &RowWrite, lease_ms: u64) -> bool {
        let now = self.now_ms;
        let Some(row) = self.runs.get_mut(&write.run.id) else {
            let mut run = write.run.clone();
            if let Some(fleet) = run.fleet.as_mut() {
                fleet.revision += 1;
            }
            let (lease_end_ms, directory) = (now + lease_ms, write.directory.clone());
            let row = RunRow { run, version: 1, lease_end_ms, ended: None, handoff: None, directory, written_ms: now };
            self.runs.insert(write.run.id.clone(), row);
            return true;
        };
        let merged = merged(&row.run, &write.run);
        // The machine's copy must be behind afterwards, unless it says what the row says.
        let facts = |run: &Run| (run.status, run.fence, run.owner.process.clone(), run.fleet.clone());
        let is_behind = revision(&write.run) < revision(&row.run);
        if merged == row.run && (is_behind || facts(&write.run) == facts(&row.run)) {
            return false;
        }
        if merged.fence > row.run.fence {
            row.lease_end_ms = now + lease_ms;
            row.ended = None;
            let handed_over = merged.fleet.as_ref().is_some_and(|fleet| fleet.machine.is_none());
            row.handoff = row.handoff.take().filter(|_| handed_over);
        }
        let above = revision(&write.run).saturating_sub(revision(&row.run));
        row.run = merged;
        advance(row, above + 1, now);
        true
    }
}

fn advance(row: &mut RunRow, revisions: u64, now_ms: u64) {
    row.version += 1;
    row.written_ms = now_ms;
    if let Some(fleet) = row.run.fleet.as_mut() {
        fleet.revision += revisions;
    }
}

fn revision(run: &Run) -> u64 {
    run.fleet.as_ref().map_or(0, |fleet| fleet.revision)
}

/// Returns the row and what a machine knows as one: what was written later, the higher iteration, and an end if either has one. A
/// cancelled run stays cancelled. It has the row's revision.
fn merged(row: &Run, known: &Run) -> Run {
    let later = (known.fence, revision(known)) > (row.fence, revision(row));
    let mut run = if later { known.clone() } else { row.clone() };
    if let (Some(fleet), Some(of_row)) = (run.fleet.as_mut(), &row.fleet) {
        fleet.revision = of_row.revision;
        // One fence has one owner. A machine cannot know that the database still has a handoff.
        if known.fence == row.fence {
            fleet.machine.clone_from(&of_row.machine);
            run.owner.clone_from(&row.owner);
        }
    }
    run.iteration = row.iteration.max(known.iteration);
    let ended = |run: &&Run| !run.status.is_unfinished();
    let cancelled = |run: &&Run| run.status == Status::Cancelled;
    let both = [row, known];
    if let Some(end) = both.into_iter().find(cancelled).or_else(|| both.into_iter().find(ended)) {
        run.status = end.status;
        run.finished.clone_from(&end.finished);
        run.stop_reason.clone_from(&end.stop_reason);
    }
    run
}
