//! What holds after each step, and at the end of each history.

use std::collections::{BTreeMap, BTreeSet};

use agent_baton_core::id::{MachineId, RunId};
use agent_baton_core::process::Process;
use agent_baton_core::reason::Reason;
use agent_baton_core::run::{Run, Status};
use baton_fleet_model::database::SimulatedDatabase;
use baton_fleet_protocol::RowWrite;

use super::host::revision;
use super::world::{MACHINES, World};

/// What is known of the history, beside what the machines and the database have.
#[derive(Debug, Default)]
pub struct Known {
    /// The owner for each fence of each run.
    owners: BTreeMap<(RunId, u64), (Option<MachineId>, Process)>,
    fences: BTreeMap<RunId, u64>,
    /// What was acknowledged: the iteration, and the end.
    acknowledged: BTreeMap<RunId, (u32, Status)>,
    /// The database came back from a backup.
    pub restored: bool,
    /// A state directory was replaced, so that what only it had is lost.
    pub lost_records: bool,
    /// Runs without a row, because another run had their session when the database was restored.
    pub replaced: BTreeSet<RunId>,
    /// A virtual machine was copied with its processes.
    pub same_process: bool,
}

impl Known {
    /// Records that a commit was acknowledged.
    pub fn acknowledge(&mut self, writes: &[RowWrite]) {
        for write in writes {
            let (iteration, status) = (write.run.iteration, write.run.status);
            let before = self.acknowledged.entry(write.run.id.clone()).or_insert((iteration, status));
            *before = (before.0.max(iteration), status);
        }
    }

    /// Forgets what was written after the backup.
    pub fn database_restored(&mut self, database: &SimulatedDatabase) {
        self.restored = true;
        let fence = |run: &RunId| database.runs.get(run).map_or(0, |row| row.run.fence.0);
        self.owners.retain(|(run, at), _| *at <= fence(run));
        self.fences = database.runs.keys().map(|run| (run.clone(), fence(run))).collect();
    }
}

impl World {
    /// Checks what holds after each step.
    pub fn check(&mut self) -> Result<(), String> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        if self.server.primary.epoch > 1 && !self.known.restored {
            return Err("a new epoch began, but the database was never restored".into());
        }
        self.check_rows()?;
        (0..MACHINES)
            .try_for_each(|machine| self.check_copies(machine).map_err(|what| format!("machine {machine}: {what}")))?;
        self.check_owners()
    }

    fn check_rows(&mut self) -> Result<(), String> {
        for (id, row) in &self.server.primary.runs {
            let fence = row.run.fence.0;
            let before = self.known.fences.insert(id.clone(), fence).unwrap_or_default();
            if fence < before {
                return Err(format!("the fence of {id} shrinks from {before} to {fence}"));
            }
            let owner = (row.run.fleet.as_ref().and_then(|fleet| fleet.machine.clone()), row.run.owner.process.clone());
            let first = self.known.owners.entry((id.clone(), fence)).or_insert_with(|| owner.clone());
            if *first != owner {
                return Err(format!("{first:?} and {owner:?} both have fence {fence} of {id}"));
            }
        }
        Ok(())
    }

    /// A copy is never ahead of its row. If it has the row's revision, it says what the row says. A machine that has not noticed
    /// yet that the database was restored is left out.
    fn check_copies(&self, machine: usize) -> Result<(), String> {
        let (state, database) = (&self.machines[machine].state, &self.server.primary);
        if state.membership.epoch != database.epoch
            || !database.has_position(&state.membership.seen)
            || self.known.restored
        {
            return Ok(());
        }
        for copy in state.copies() {
            let Some(row) = database.runs.get(&copy.id) else { return Err(format!("{} has no row", copy.id)) };
            same_or_behind(copy, &row.run)?;
        }
        Ok(())
    }

    /// At most one living process owns a run as the database sees it. Nobody goes on by a lease beside an owner that took the run
    /// because the lease had ended.
    fn check_owners(&self) -> Result<(), String> {
        for (id, row) in &self.server.primary.runs {
            let owners = (0..MACHINES).filter(|machine| self.is_live_owner(*machine, &row.run)).count();
            if owners > 1 && !self.known.same_process {
                return Err(format!("{owners} living processes own {id} with fence {}", row.run.fence));
            }
            let goes_on = |machine: usize| {
                let at = &self.machines[machine];
                let copy = at.state.run(id).filter(|copy| copy.fence < row.run.fence && self.has_lease(machine, copy));
                copy.is_some_and(|copy| {
                    self.was_taken(&row.run, copy) && at.agents.iter().any(|agent| agent.is_owner(copy))
                })
            };
            if (0..MACHINES).any(goes_on) {
                return Err(format!(
                    "an owner of {id} goes on by its lease, and fence {} has taken the run",
                    row.run.fence
                ));
            }
        }
        Ok(())
    }

    /// Returns whether the owner of a copy lost the run without a user's word. A copied directory may hand over what its original
    /// owns, and a copied machine has the processes that prove what it says.
    fn was_taken(&self, row: &Run, copy: &Run) -> bool {
        let later: Vec<Reason> =
            row.history.iter().filter(|transfer| transfer.fence > copy.fence).map(|transfer| transfer.reason).collect();
        let by_user = later.is_empty() || later.contains(&Reason::Adopted);
        let copied = later.contains(&Reason::HandedOver) && self.known.lost_records;
        !by_user && !copied && !self.known.restored && !self.known.same_process
    }

    fn is_live_owner(&self, machine: usize, row: &Run) -> bool {
        let at = &self.machines[machine];
        let owns = at.state.run(&row.id).is_some_and(|copy| copy.fence == row.fence && at.state.owns(copy));
        let mine = row.fleet.as_ref().is_some_and(|fleet| fleet.machine.as_ref() == Some(&at.state.membership.machine));
        owns && mine && row.status.is_unfinished() && at.agents.iter().any(|agent| agent.is_owner(row))
    }

    /// Returns the run that a process has lost, as the database sees it, and that its copy still gives it.
    pub fn lost_run(&self, machine: usize, process: &Process) -> Option<RunId> {
        let at = &self.machines[machine];
        let lost = |copy: &&Run| {
            let row = self.server.primary.runs.get(&copy.id);
            let owned = copy.owner.process == *process && at.state.owns(copy) && copy.status.is_unfinished();
            owned && row.is_some_and(|row| row.run.fence > copy.fence && row.run.owner.process != *process)
        };
        at.state.copies().find(lost).map(|copy| copy.id.clone())
    }

    /// An event of an old owner that reached the database has told it so.
    pub fn check_told(&mut self, machine: usize, run: &RunId, process: &Process) {
        let at = &self.machines[machine];
        let still = at.state.run(run).is_some_and(|copy| self.lost_run(machine, process).as_ref() == Some(&copy.id));
        let could_ask = !self.is_disturbed() && !at.cut_off;
        if still && could_ask {
            self.fault.get_or_insert_with(|| format!("the event of an old owner of {run} does not tell it so"));
        }
    }

    /// Checks what holds once everything is reachable and every witness has run.
    pub fn check_end(&mut self) -> Result<(), String> {
        self.calm();
        // After a restored database, what the last machine brings changes the rows of the others.
        for _ in 0..if self.known.restored { 2 } else { 1 } {
            for machine in 0..MACHINES {
                self.undisturbed(|world| world.witness(machine)).map_err(|_| "killed")?;
            }
        }
        if !self.known.restored {
            self.check()?;
        }
        for machine in 0..MACHINES {
            self.check_repaired(machine).map_err(|what| format!("{what}\n{}", self.describe(machine)))?;
        }
        self.check_acknowledged()
    }

    fn check_repaired(&self, machine: usize) -> Result<(), String> {
        let state = &self.machines[machine].state;
        if state.marker.is_some() {
            return Err("a marker is left".into());
        }
        for copy in state.copies() {
            let Some(row) = self.server.primary.runs.get(&copy.id) else {
                return Err(format!("{} has no row", copy.id));
            };
            same_or_behind(copy, &row.run)?;
            // A cancelled copy never changes again.
            let cancelled = copy.status == Status::Cancelled && row.run.status == Status::Cancelled;
            if revision(copy) != revision(&row.run) && !cancelled {
                return Err(format!(
                    "the copy of {} has revision {}, its row {}",
                    copy.id,
                    revision(copy),
                    revision(&row.run)
                ));
            }
        }
        // A machine needs no copy of a run that ended before the machine heard of it.
        let unfinished = self.server.primary.runs.iter().filter(|(_, row)| row.run.status.is_unfinished());
        let missing = unfinished.map(|(id, _)| id).find(|id| state.run(id).is_none() && !self.known.restored);
        missing.filter(|_| !self.known.lost_records).map_or(Ok(()), |id| Err(format!("{id} has no copy")))
    }

    fn check_acknowledged(&self) -> Result<(), String> {
        if self.known.restored && self.known.lost_records {
            return Ok(());
        }
        for (id, (iteration, status)) in
            self.known.acknowledged.iter().filter(|(id, _)| !self.known.replaced.contains(id))
        {
            let row = self.server.primary.runs.get(id).map(|row| &row.run);
            let kept = row.is_some_and(|row| {
                let ended = status.is_unfinished() || *status == Status::Abandoned || row.status == *status;
                // Of two ends, in a database that was restored between them, the cancellation stays.
                let ended = ended || (self.known.restored && row.status == Status::Cancelled);
                row.iteration >= *iteration && ended
            });
            if !kept {
                let row = row.map(|row| (row.iteration, row.status));
                return Err(format!(
                    "{id} was acknowledged at iteration {iteration} as {}, and is {row:?}",
                    status.name()
                ));
            }
        }
        Ok(())
    }
}

/// A copy is behind its row, or says what the row says.
pub fn same_or_behind(copy: &Run, row: &Run) -> Result<(), String> {
    if revision(copy) > revision(row) {
        return Err(format!("the copy of {} is ahead: revision {} of {}", copy.id, revision(copy), revision(row)));
    }
    let facts = |run: &Run| (run.fence, run.status, run.owner.process.clone(), run.fleet.clone());
    if revision(copy) == revision(row) && facts(copy) != facts(row) {
        return Err(format!("the copy of {} says {:?}, its row {:?}", copy.id, facts(copy), facts(row)));
    }
    Ok(())
}
