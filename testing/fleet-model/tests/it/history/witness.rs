//! `baton fleet witness`.

use std::collections::BTreeSet;

use agent_baton_core::id::RunId;
use agent_baton_core::process::Live;
use agent_baton_core::rules::liveness;
use agent_baton_core::run::Run;
use baton_fleet_protocol::{Answer, EndedOwner, Renewal, Request};

use super::world::{Killed, LEASE_MS, World};

impl World {
    pub fn witness(&mut self, machine: usize) -> Result<(), Killed> {
        if self.is_locked(machine) || !self.rotate(machine)? {
            return Ok(());
        }
        // The second time, after a recovery.
        for _ in 0..2 {
            if self.follow(machine)? {
                return self.renew(machine);
            }
        }
        Ok(())
    }

    /// Reads the feed and refreshes what changed. Returns whether the database has what this machine has seen.
    fn follow(&mut self, machine: usize) -> Result<bool, Killed> {
        let membership = self.machines[machine].state.membership.clone();
        let (mut after, mut runs) = (membership.read_to.clone(), BTreeSet::<RunId>::new());
        for position in [membership.seen, after.clone()] {
            let Answer::Changes { standing, has_position, .. } =
                self.call(machine, &Request::Changes { after: position, limit: 0 })
            else {
                return Ok(false);
            };
            if !has_position || standing.epoch != membership.epoch {
                self.recover(machine)?;
                return Ok(false);
            }
        }
        loop {
            let Answer::Changes { changes, .. } =
                self.call(machine, &Request::Changes { after: after.clone(), limit: 3 })
            else {
                return Ok(false);
            };
            let Some(last) = changes.last() else { break };
            after = last.position.clone();
            runs.extend(changes.iter().flat_map(|change| change.runs.clone()));
        }
        self.point(machine, false)?;
        let Some(rows) = self.read(machine, runs, Vec::new(), false)? else { return Ok(false) };
        self.refresh(machine, &rows);
        self.point(machine, true)?;
        let state = &mut self.machines[machine].state;
        state.see(&after);
        state.membership.read_to = after;
        Ok(true)
    }

    /// Renews the leases of the owners that are alive, and reports those that have ended.
    fn renew(&mut self, machine: usize) -> Result<(), Killed> {
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
        // The process may come back to its session while the database cannot be reached.
        let leases = &mut self.machines[machine].state.leases;
        leases.retain(|run, _| ended.iter().all(|owner| owner.run != *run));
        let sent_ms = self.now(machine).boot_ms;
        let answer = self.call(machine, &Request::Renew { alive: alive.clone(), ended, lease_ms: LEASE_MS });
        self.point(machine, false)?;
        let Answer::Renewed { renewed, .. } = answer else { return Ok(()) };
        for renewal in alive.iter().filter(|renewal| renewed.contains(&renewal.run)) {
            let copy = self.machines[machine].state.run(&renewal.run).cloned();
            if let Some(copy) = copy.filter(|copy| copy.fence == renewal.fence) {
                self.take_lease(machine, &copy, sent_ms);
            }
        }
        Ok(())
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
