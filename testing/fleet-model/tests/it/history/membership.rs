//! The token of a machine, copied directories, and databases that were restored.

use std::collections::BTreeSet;

use agent_baton_core::decide::decide;
use agent_baton_core::fleet::ReleaseCause;
use agent_baton_core::id::RunId;
use agent_baton_core::request::{Command, Input};
use baton_fleet_protocol::{Answer, Cause, Position, Request, RowWrite, Standing, Token, to_row_record};

use super::host::revision;
use super::world::{Killed, LEASE_MS, World};

impl World {
    /// Rotates the token. Returns whether the database knows this machine now.
    pub fn rotate(&mut self, machine: usize) -> Result<bool, Killed> {
        let next = self.next_token(machine);
        self.point(machine, true)?;
        match self.call(machine, &Request::Rotate { next: next.clone() }) {
            Answer::Done => {
                self.use_token(machine, next);
                Ok(true)
            }
            Answer::Failed(failure) if failure.cause == Cause::UnknownToken => self.identify(machine),
            _ => Ok(false),
        }
    }

    /// Returns the token that replaces this machine's. A rotation that may have got through is repeated.
    pub fn next_token(&mut self, machine: usize) -> Token {
        let token = Token::from_bits(self.bits());
        let tokens = &mut self.machines[machine].state.membership.tokens;
        if tokens.len() == 1 {
            tokens.push(token);
        }
        tokens[1].clone()
    }

    /// The database has this token now.
    pub fn use_token(&mut self, machine: usize, token: Token) {
        let boot = self.machines[machine].boot.clone();
        let membership = &mut self.machines[machine].state.membership;
        (membership.tokens, membership.boot) = (vec![token], boot);
    }

    /// Finds out why the database does not know the token: it was restored, or this directory is a copy.
    pub fn identify(&mut self, machine: usize) -> Result<bool, Killed> {
        let epoch = self.machines[machine].state.membership.epoch;
        match self.compare(machine) {
            Some((standing, None)) if standing.epoch == epoch => self.become_another(machine),
            Some(_) => self.recover(machine),
            None => Ok(false),
        }
    }

    /// Takes a new id. The runs of the old one belong to another machine now.
    fn become_another(&mut self, machine: usize) -> Result<bool, Killed> {
        self.reach("a new machine id");
        let (id, token, boot) =
            (self.new_machine_id(), Token::from_bits(self.bits()), self.machines[machine].boot.clone());
        let state = &mut self.machines[machine].state;
        (state.membership.machine, state.membership.tokens) = (id.clone(), vec![token.clone()]);
        state.membership.boot = boot;
        state.leases.clear();
        state.marker = None;
        self.point(machine, true)?;
        self.join(machine)
    }

    /// The database has no row of this machine, because it joined after the backup, or it has another token of the new epoch,
    /// because this directory is a copy.
    fn join_again(&mut self, machine: usize) -> Result<(), Killed> {
        if !self.join(machine)? {
            self.become_another(machine)?;
        }
        Ok(())
    }

    fn join(&mut self, machine: usize) -> Result<bool, Killed> {
        let membership = &self.machines[machine].state.membership;
        let (id, token) = (membership.machine.clone(), membership.tokens[0].clone());
        let request = Request::Join { machine: id, name: "name".into(), token };
        Ok(matches!(self.call(machine, &request), Answer::Joined(_)))
    }

    /// Returns the standing of the database, and what this machine has seen if the database does not have it.
    fn compare(&mut self, machine: usize) -> Option<(Standing, Option<Position>)> {
        let after = self.machines[machine].state.membership.seen.clone();
        let Answer::Changes { standing, has_position, .. } =
            self.call(machine, &Request::Changes { after: after.clone(), limit: 0 })
        else {
            return None;
        };
        Some((standing, (!has_position).then_some(after)))
    }

    /// Compares what this machine has seen with the database, and starts a new epoch if the database was restored. Returns
    /// whether this machine is in a new epoch.
    pub fn recover(&mut self, machine: usize) -> Result<bool, Killed> {
        let membership = self.machines[machine].state.membership.clone();
        let Some((standing, missing)) = self.compare(machine) else { return Ok(false) };
        if standing.epoch > membership.epoch {
            return self.catch_up(machine, standing.epoch);
        }
        let Some(seen) = missing else { return Ok(false) };
        let (epoch, next) = (standing.epoch, standing.epoch.max(membership.epoch) + 1);
        let commit = self.commit_id();
        self.point(machine, true)?;
        match self.call(machine, &Request::Recover { epoch, next, seen, commit, lease_ms: 300_000 }) {
            Answer::Ready(standing) if standing.epoch > membership.epoch => self.catch_up(machine, standing.epoch),
            _ => Ok(false),
        }
    }

    /// Sends what this machine knows, and refreshes its copies.
    fn catch_up(&mut self, machine: usize, epoch: u64) -> Result<bool, Killed> {
        let before = self.machines[machine].state.membership.epoch;
        let mut rows = self.known_rows(machine);
        let mut left_out = Vec::new();
        for _ in 0..4 {
            let commit = self.commit_id();
            let request = Request::Restore { commit: commit.clone(), rows: rows.clone(), lease_ms: LEASE_MS };
            self.point(machine, true)?;
            // The request is of the new epoch. The file says so only once the database has what this machine knows.
            self.machines[machine].state.membership.epoch = epoch;
            let answer = self.call(machine, &request);
            self.machines[machine].state.membership.epoch = before;
            match self.resolve(machine, answer, &commit) {
                Answer::Committed { change } => {
                    self.reach("a new epoch");
                    let position = Position { change, commit: Some(commit) };
                    let state = &mut self.machines[machine].state;
                    state.leases.clear();
                    let before = state.membership.clone();
                    let membership = &mut state.membership;
                    (membership.epoch, membership.seen) = (epoch, position);
                    if !self.release(machine, &left_out) {
                        // The file says that it is in the new epoch only once nothing is left of what has no row.
                        self.machines[machine].state.membership = before;
                        return Ok(false);
                    }
                    self.point(machine, true)?;
                    if let Some(rows) = self.read(machine, BTreeSet::new(), Vec::new(), false)? {
                        self.refresh(machine, &rows);
                    }
                    return Ok(true);
                }
                Answer::Conflict { runs } => {
                    self.reach("a run that cannot be restored");
                    rows.retain(|row| !runs.contains(&row.run.id));
                    left_out.extend(runs);
                }
                Answer::Failed(failure) if failure.cause == Cause::UnknownToken => self.join_again(machine)?,
                _ => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Takes the copies out of the fleet that have no row, because another run has their session. Returns whether that is known.
    fn release(&mut self, machine: usize, left_out: &[RunId]) -> bool {
        if left_out.is_empty() {
            return true;
        }
        let request = Request::Read { runs: left_out.to_vec(), sessions: Vec::new(), projects: Vec::new() };
        let Answer::Rows(rows) = self.call(machine, &request) else { return false };
        for run in left_out.iter().filter(|run| rows.rows.iter().all(|row| row.run.id != **run)) {
            let command = Command::Release { run: run.clone(), cause: ReleaseCause::ReplacedAfterRestore };
            let decision = decide(&self.request(machine, Input::Command(Box::new(command)), None));
            self.reach(decision.reason.word());
            self.write(machine, &decision);
            self.known.replaced.insert(run.clone());
        }
        true
    }

    /// Returns the copies as rows. The database knows what recoveries added to its own.
    fn known_rows(&self, machine: usize) -> Vec<RowWrite> {
        let (state, host) = (&self.machines[machine].state, &self.machines[machine].host);
        let mut rows = Vec::new();
        for copy in state.copies() {
            let mut run = to_row_record(copy);
            // The handoff is lost with its archive, so its machine takes the run back. Of an ended run, only the end counts.
            let here = run.owner.process.machine == *host || !run.status.is_unfinished();
            let Some(fleet) = run.fleet.as_mut() else { continue };
            if fleet.machine.is_none() && here {
                fleet.machine = Some(state.membership.machine.clone());
            }
            if fleet.machine.is_some() {
                rows.push(RowWrite { before: None, run, directory: None });
            }
        }
        rows
    }

    /// Returns the runs that a machine knows, with their revisions, for a message.
    pub fn describe(&self, machine: usize) -> String {
        let state = &self.machines[machine].state;
        let copies: Vec<(&RunId, u64, u64, &str)> =
            state.copies().map(|run| (&run.id, revision(run), run.fence.0, run.status.name())).collect();
        format!("machine {machine} ({:?}): {copies:?}, marker {:?}", state.membership, state.marker)
    }
}
