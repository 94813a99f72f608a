//! `baton fleet witness`.

use agent_baton_core::id::RunId;
use agent_baton_core::process::Live;
use agent_baton_core::rules::liveness;
use agent_baton_core::run::Run;
use baton_fleet_protocol::{Answer, Cause, EndedOwner, Renewal, Request};

use super::world::{Killed, LEASE_MS, World};

impl World {
    pub fn witness(&mut self, machine: usize) -> Result<(), Killed> {
        if self.is_locked(machine) {
            return Ok(());
        }
        // Again after a recovery, or with a new id.
        for _ in 0..3 {
            if !self.round(machine)? {
                break;
            }
        }
        Ok(())
    }

    /// Replaces the token, renews the leases of the owners that are alive, reports those that have ended, and refreshes what
    /// changed. Returns whether the database or this machine had to be put right first.
    fn round(&mut self, machine: usize) -> Result<bool, Killed> {
        let state = &self.machines[machine].state;
        let (mut alive, mut ended) = (Vec::new(), Vec::new());
        for run in state.copies().filter(|run| state.owns(run) && run.status.is_unfinished()) {
            let (id, fence, process) = (run.id.clone(), run.fence, run.owner.process.clone());
            match self.liveness(machine, run) {
                Live::Yes => alive.push(Renewal { run: id, fence, process, iteration: run.iteration }),
                Live::No => ended.push(EndedOwner { run: id, fence, process }),
                Live::Unknown => {}
            }
        }
        let mut runs: Vec<RunId> = state.copies().map(|run| run.id.clone()).collect();
        runs.extend(state.marker.iter().flat_map(|marker| marker.runs.clone()));
        // The process may come back to its session while the database cannot be reached.
        let leases = &mut self.machines[machine].state.leases;
        leases.retain(|run, _| ended.iter().all(|owner| owner.run != *run));
        self.point(machine, false)?;
        let next = self.next_token(machine);
        self.point(machine, true)?;
        let sent_ms = self.now(machine).boot_ms;
        let request =
            Request::Round { next: next.clone(), alive: alive.clone(), ended, lease_ms: LEASE_MS, runs, limit: 100 };
        let (renewed, rows) = match self.call(machine, &request) {
            Answer::Round { renewed, rows, .. } => (renewed, rows),
            Answer::Failed(failure) if failure.cause == Cause::UnknownToken => return self.identify(machine),
            Answer::Failed(failure) if matches!(failure.cause, Cause::Restored | Cause::OtherEpoch) => {
                return self.recover(machine);
            }
            _ => return Ok(false),
        };
        self.use_token(machine, next);
        self.point(machine, false)?;
        for renewal in alive.iter().filter(|renewal| renewed.contains(&renewal.run)) {
            let copy = self.machines[machine].state.run(&renewal.run).cloned();
            if let Some(copy) = copy.filter(|copy| copy.fence == renewal.fence) {
                self.take_lease(machine, &copy, sent_ms);
            }
        }
        if self.contradicts(machine, &rows.rows) {
            return self.recover(machine);
        }
        // Before the copies: a copy that is newer than what this machine has seen would not show that the database was restored.
        self.machines[machine].state.see(&rows.standing.newest);
        self.point(machine, true)?;
        self.refresh(machine, &rows.rows);
        self.point(machine, true)?;
        Ok(false)
    }

    fn liveness(&self, machine: usize, run: &Run) -> Live {
        let request = self.request(
            machine,
            agent_baton_core::request::Input::Command(Box::new(agent_baton_core::request::Command::Continue {
                run: run.id.clone(),
            })),
            None,
        );
        let session = run.owner.session.as_ref().and_then(|id| self.machines[machine].state.session(id.as_str()));
        let launch = session.and_then(|session| Some((session, session.launch(&run.owner.process)?)));
        launch.map_or(Live::Unknown, |(session, launch)| {
            liveness::from_probes(&request.place, &request.snapshot.probes, session, launch).live
        })
    }
}
