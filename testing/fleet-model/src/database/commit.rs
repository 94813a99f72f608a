//! Commits: all rows as they were read, or nothing.

use agent_baton_core::id::{MachineId, RunId};
use agent_baton_core::run::Run;
use baton_fleet_protocol::{Answer, Cause, CommitId, RowWrite};

use super::{RunRow, SimulatedDatabase, WITHDRAWN};

impl SimulatedDatabase {
    pub(super) fn commit(
        &mut self,
        me: &MachineId,
        commit: &CommitId,
        reason: &str,
        writes: &[RowWrite],
        lease_ms: u64,
    ) -> Result<Answer, Cause> {
        if let Some(answer) = self.earlier(commit) {
            return Ok(answer);
        }
        let runs = self.differing(writes);
        if !runs.is_empty() {
            return Ok(Answer::Conflict { runs });
        }
        let mut after = self.clone();
        for write in writes {
            after.write(me, write, lease_ms)?;
        }
        let runs = after.in_the_way(writes);
        if !runs.is_empty() {
            return Ok(Answer::Conflict { runs });
        }
        let runs = writes.iter().map(|write| write.run.id.clone()).collect();
        let change = after.append(me, commit, reason, runs);
        *self = after;
        Ok(Answer::Committed { change })
    }

    /// Returns the answer to a commit whose id the feed has already.
    pub(super) fn earlier(&self, commit: &CommitId) -> Option<Answer> {
        let index = self.changes.iter().position(|line| line.commit == *commit)?;
        let withdrawn = self.changes[index].reason == WITHDRAWN;
        Some(if withdrawn { Answer::Withdrawn } else { Answer::Committed { change: index as u64 + 1 } })
    }

    pub(super) fn look_up(&mut self, me: &MachineId, commit: &CommitId) -> Answer {
        self.earlier(commit).unwrap_or_else(|| {
            self.append(me, commit, WITHDRAWN, Vec::new());
            Answer::Withdrawn
        })
    }

    /// Returns the runs whose rows are not as they were read.
    fn differing(&self, writes: &[RowWrite]) -> Vec<RunId> {
        let differs = |write: &&RowWrite| self.runs.get(&write.run.id).map(RunRow::numbers) != write.before;
        writes.iter().filter(differs).map(|write| write.run.id.clone()).collect()
    }

    fn write(&mut self, me: &MachineId, write: &RowWrite, lease_ms: u64) -> Result<(), Cause> {
        let (revision, version) = write.before.unwrap_or_default();
        let fleet = write.run.fleet.as_ref().filter(|fleet| fleet.revision == revision + 1).ok_or(Cause::Protocol)?;
        let old = self.runs.get(&write.run.id);
        // Only a handoff makes a run one without a machine.
        let handoff = old.and_then(|old| old.handoff.clone()).filter(|_| fleet.machine.is_none());
        if fleet.machine.is_none() && handoff.is_none() {
            return Err(Cause::Protocol);
        }
        let mine = fleet.machine.as_ref() == Some(me);
        let row = RunRow {
            run: write.run.clone(),
            version: version + 1,
            lease_end_ms: if mine { self.now_ms + lease_ms } else { old.map_or(self.now_ms, |old| old.lease_end_ms) },
            // A process that had left the run may own it again, with another fence.
            ended: old.filter(|old| old.run.fence == write.run.fence).and_then(|old| old.ended.clone()),
            handoff,
            directory: write.directory.clone(),
            written_ms: self.now_ms,
        };
        self.runs.insert(row.run.id.clone(), row);
        Ok(())
    }

    /// Returns the written runs that the unique indexes refuse beside another run.
    pub(super) fn in_the_way(&self, writes: &[RowWrite]) -> Vec<RunId> {
        let refused = |id: &&RunId| {
            let others = self.runs.iter().filter(|(other, _)| other != id);
            self.runs.get(id).is_some_and(|row| others.into_iter().any(|(_, other)| collide(&row.run, &other.run)))
        };
        writes.iter().map(|write| &write.run.id).filter(refused).cloned().collect()
    }
}

/// Returns whether the unique indexes refuse two runs: unfinished ones of one session, or unfinished supervised ones of one
/// project and name.
fn collide(one: &Run, other: &Run) -> bool {
    let project = |run: &Run| run.fleet.as_ref().map(|fleet| fleet.project.clone());
    let unfinished = one.status.is_unfinished() && other.status.is_unfinished();
    unfinished
        && match (&one.owner.session, &other.owner.session) {
            (Some(one), Some(other)) => one == other,
            (None, None) => project(one) == project(other) && one.name == other.name,
            _ => false,
        }
}
