//! Commits: all rows as they were read, or nothing.

use agent_baton_core::id::{MachineId, RunId};
use agent_baton_core::run::{Run, Status};
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
        handoff: Option<&CommitId>,
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
            after.write(me, write, lease_ms, handoff)?;
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

    /// Returns the runs whose rows are not as they were read, or are cancelled: a cancelled run never changes again.
    fn differing(&self, writes: &[RowWrite]) -> Vec<RunId> {
        let differs = |write: &&RowWrite| {
            let row = self.runs.get(&write.run.id);
            row.map(RunRow::numbers) != write.before || row.is_some_and(|row| row.run.status == Status::Cancelled)
        };
        writes.iter().filter(differs).map(|write| write.run.id.clone()).collect()
    }

    fn write(
        &mut self,
        me: &MachineId,
        write: &RowWrite,
        lease_ms: u64,
        handoff: Option<&CommitId>,
    ) -> Result<(), Cause> {
        let (revision, version) = write.before.unwrap_or_default();
        let fleet = write.run.fleet.as_ref().filter(|fleet| fleet.revision == revision + 1).ok_or(Cause::Protocol)?;
        let old = self.runs.get(&write.run.id);
        // Only a handoff makes a run one without a machine.
        let handoff = handoff.or_else(|| old?.handoff.as_ref()).filter(|_| fleet.machine.is_none()).cloned();
        if fleet.machine.is_none() && handoff.is_none() {
            return Err(Cause::Protocol);
        }
        // A process that had left the run may own it again, with another fence.
        let same_owner = old.filter(|old| old.run.fence == write.run.fence);
        let ended = same_owner.and_then(|old| old.ended.clone());
        let lease_end_ms = match &fleet.machine {
            None => 0,
            // A commit is no sign of life of an owner that is reported as ended.
            Some(machine) if machine == me && ended.is_none() => self.now_ms + lease_ms,
            Some(_) => old.map_or(0, |old| old.lease_end_ms),
        };
        let row = RunRow {
            run: write.run.clone(),
            version: version + 1,
            base_fence: same_owner.map_or(write.run.fence.0, |old| old.base_fence),
            lease_end_ms,
            ended,
            handoff,
            directory: write.directory.clone().or_else(|| old?.directory.clone()),
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
