//! Reading rows, and bringing copies in line with them.

use std::collections::BTreeSet;

use agent_baton_core::decide::decide;
use agent_baton_core::event::EventName;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Command, Input};
use baton_fleet_protocol::{Answer, Cause, Request, Row};

use super::check::same_or_behind;
use super::host::revision;
use super::request::session_of;
use super::world::{Killed, PROJECT, World};

impl World {
    /// Step 1: the runs of the copies, and the unfinished ones of the session and of the project. Returns `None` if the database
    /// cannot be asked.
    pub fn read_rows(&mut self, machine: usize, input: &Input) -> Result<Option<Vec<Row>>, Killed> {
        let mut runs = BTreeSet::new();
        if let Input::Command(command) = input {
            runs.insert(command.run().clone());
        }
        let session = session_of(input).map(|session| session.parse().unwrap());
        let starts = matches!(input, Input::Event(event) if event.name == EventName::SessionStart);
        self.read(machine, runs, session.into_iter().collect(), starts)
    }

    /// Reads rows. If what they say does not fit what the machine has seen, the database may have been restored, or a standby
    /// answered.
    pub fn read(
        &mut self,
        machine: usize,
        mut runs: BTreeSet<RunId>,
        sessions: Vec<SessionId>,
        project: bool,
    ) -> Result<Option<Vec<Row>>, Killed> {
        if self.machines[machine].state.membership.boot != self.machines[machine].boot && !self.rotate(machine)? {
            return Ok(None);
        }
        let state = &self.machines[machine].state;
        runs.extend(state.copies().map(|run| run.id.clone()));
        runs.extend(state.marker.iter().flat_map(|marker| marker.runs.clone()));
        let projects = project.then(|| PROJECT.to_owned()).into_iter().collect();
        let request = Request::Read { runs: runs.into_iter().collect(), sessions, projects };
        for _ in 0..3 {
            match self.call(machine, &request) {
                Answer::Rows(rows) => {
                    let state = &mut self.machines[machine].state;
                    if rows.standing.epoch != state.membership.epoch || self.contradicts(machine, &rows.rows) {
                        self.recover(machine)?;
                        continue;
                    }
                    self.machines[machine].state.see(&rows.standing.newest);
                    return Ok(Some(rows.rows));
                }
                // A standby may be behind, and then nothing is recovered.
                Answer::Failed(failure) if failure.cause == Cause::Restored => {
                    if !self.recover(machine)? {
                        return Ok(None);
                    }
                }
                // A standby may not have the newest token. Only a write proves that this directory is a copy.
                Answer::Failed(failure) if failure.cause == Cause::UnknownToken => {
                    if !self.rotate(machine)? {
                        return Ok(None);
                    }
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Returns whether a copy is ahead of its row, or is another one with the same revision. A database that was restored shows this.
    pub fn contradicts(&self, machine: usize, rows: &[Row]) -> bool {
        self.machines[machine].state.copies().any(|copy| {
            let row = rows.iter().find(|row| row.run.id == copy.id);
            row.is_none_or(|row| same_or_behind(copy, &row.run).is_err())
        })
    }

    /// Brings the copies in line with the rows, under the lock. All runs of the marker were read.
    pub fn refresh(&mut self, machine: usize, rows: &[Row]) {
        for row in rows {
            let state = &self.machines[machine].state;
            let marked = state.marker.as_ref().is_some_and(|marker| marker.runs.contains(&row.run.id));
            let copy = state.run(&row.run.id);
            if !marked && copy.is_some_and(|copy| revision(copy) >= revision(&row.run)) {
                continue;
            }
            let command = Command::Refresh { run: Box::new(row.run.clone()), project: Some("/w".into()) };
            let request = self.request(machine, Input::Command(Box::new(command)), Some(rows));
            let decision = decide(&request);
            if decision.reason != Reason::Refreshed {
                self.fault.get_or_insert_with(|| format!("refresh: {}", decision.reason));
            }
            self.write(machine, &decision);
            let state = &mut self.machines[machine].state;
            let copy = state.run(&row.run.id).cloned();
            if copy.is_none_or(|copy| !state.owns(&copy) || !copy.status.is_unfinished()) {
                state.leases.remove(&row.run.id);
                state.definitions.remove(&row.run.id);
            }
        }
        self.machines[machine].state.marker = None;
    }
}
