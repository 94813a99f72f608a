//! A decision about a fleet run, step by step as docs/design/fleet.md has it: read, lock, refresh, decide, marker, commit, local commit.

use std::collections::BTreeMap;

use agent_baton_core::decide::decide;
use agent_baton_core::decision::{Decision, Record};
use agent_baton_core::fence::Fence;
use agent_baton_core::fleet::{FleetOwner, FleetStanding};
use agent_baton_core::id::RunId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Input, Request as CoreRequest};
use agent_baton_core::run::Run;
use baton_fleet_protocol::{Answer, Cause, LeaseState, Request, Row, RowOwner, RowWrite, to_row_record};

use super::request::session_of;
use super::state::{Lease, Marker};
use super::world::{Killed, LEASE_MS, MARGIN_MS, World};

/// What came of one attempt.
pub enum Attempt {
    Done(Box<Decision>),
    /// The rows changed, so the core is asked again.
    Again,
    /// The database did not say whether the commit happened. The marker says so to the next call.
    Unknown,
}

impl World {
    /// Decides an input and commits the decision. Returns `None` if that was not possible in time.
    pub fn act(&mut self, machine: usize, input: &Input) -> Result<Option<Decision>, Killed> {
        if self.is_locked(machine) {
            return Ok(None);
        }
        for _ in 0..5 {
            let rows = self.read_rows(machine, input)?;
            self.point(machine, false)?;
            if let Some(rows) = &rows {
                self.refresh(machine, rows);
            }
            match self.attempt(machine, input, rows)? {
                Attempt::Done(decision) => return Ok(Some(*decision)),
                Attempt::Again => {}
                Attempt::Unknown => return Ok(None),
            }
        }
        Ok(None)
    }

    fn attempt(&mut self, machine: usize, input: &Input, rows: Option<Vec<Row>>) -> Result<Attempt, Killed> {
        let request = self.request(machine, input.clone(), rows.as_deref());
        let mut decision = decide(&request);
        self.reach(decision.reason.word());
        for told in &decision.notifications {
            let reason = told.id().map(|id| id.reason.word());
            reason.into_iter().for_each(|reason| self.reach(&format!("told {reason}")));
        }
        let Some(rows) = rows else {
            if !fleet_changes(&request, &decision).is_empty() && self.may_go_on(machine, &request, &decision) {
                self.reach("went on by a lease");
            }
            if !self.may_go_on(machine, &request, &decision) {
                decision = decide(&without_database(&request));
                if !fleet_changes(&request, &decision).is_empty() {
                    self.fault.get_or_insert_with(|| {
                        format!("the core changes a run that it cannot reach: {:?}", decision.reason)
                    });
                }
            }
            return self.finish(machine, input, decision);
        };
        let changed = fleet_changes(&request, &decision);
        if changed.is_empty() {
            return self.finish(machine, input, decision);
        }
        let is_ended = |row: &&Row| matches!(row.owner, RowOwner::Machine { lease: LeaseState::OwnerEnded, .. });
        let ended: Vec<_> = rows.iter().filter(is_ended).map(|row| (row.run.id.clone(), row.run.fence)).collect();
        let writes = self.prepare(machine, &request, &rows, &mut decision, &changed);
        let commit = self.commit_id();
        let reason = decision.reason;
        let request = Request::Commit { commit: commit.clone(), reason, writes, lease_ms: LEASE_MS };
        self.commit(machine, input, decision, (&changed, &ended), &request)
    }

    /// Steps 3 to 6.
    fn commit(
        &mut self,
        machine: usize,
        input: &Input,
        decision: Decision,
        (changed, ended): (&[String], &[(RunId, Fence)]),
        request: &Request,
    ) -> Result<Attempt, Killed> {
        let Request::Commit { commit, writes, .. } = request else { return Ok(Attempt::Unknown) };
        let runs: Vec<_> = writes.iter().map(|write| write.run.id.clone()).collect();
        self.mark(machine, Marker { runs });
        self.point(machine, true)?;
        let sent_ms = self.now(machine).boot_ms;
        let before = self.revisions(machine, &decision);
        let answer = self.call(machine, request);
        self.point(machine, false)?;
        let answer = self.resolve(machine, answer, commit);
        match answer {
            Answer::Committed { change } => {
                if self.revisions(machine, &decision) != before {
                    return Ok(Attempt::Unknown);
                }
                let position = baton_fleet_protocol::Position { change, commit: Some(commit.clone()) };
                self.machines[machine].state.see(&position);
                let runs: Vec<Run> =
                    runs_of(&decision).filter(|run| changed.contains(&run.id.to_string())).cloned().collect();
                let done = self.write(machine, &decision);
                self.known.acknowledge(writes);
                // A commit of the user is no proof that an owner is alive that was reported as ended.
                for run in runs.iter().filter(|run| !ended.contains(&(run.id.clone(), run.fence))) {
                    self.take_lease(machine, run, sent_ms);
                }
                if done && decision.reason == Reason::Started {
                    self.machines[machine].state.definitions.extend(runs.into_iter().map(|run| run.id));
                }
                self.point(machine, true)?;
                self.machines[machine].state.marker = None;
                self.reply(machine, input, &decision)?;
                Ok(Attempt::Done(Box::new(decision)))
            }
            Answer::Failed(failure) if failure.in_doubt => Ok(Attempt::Unknown),
            Answer::Failed(failure) => {
                self.machines[machine].state.marker = None;
                match failure.cause {
                    Cause::Restored | Cause::OtherEpoch => drop(self.recover(machine)?),
                    Cause::UnknownToken => drop(self.rotate(machine)?),
                    _ => return self.attempt(machine, input, None),
                }
                Ok(Attempt::Again)
            }
            _ => {
                self.machines[machine].state.marker = None;
                Ok(Attempt::Again)
            }
        }
    }

    /// While a marker names a run, no lease of that run counts.
    pub fn mark(&mut self, machine: usize, marker: Marker) {
        let state = &mut self.machines[machine].state;
        state.leases.retain(|run, _| !marker.runs.contains(run));
        state.marker = Some(marker);
    }

    /// Looks a commit up whose answer was lost.
    pub fn resolve(&mut self, machine: usize, answer: Answer, commit: &baton_fleet_protocol::CommitId) -> Answer {
        match answer {
            Answer::Failed(failure) if failure.in_doubt => {
                match self.call(machine, &Request::LookUp { commit: commit.clone() }) {
                    Answer::Failed(again) => Answer::Failed(baton_fleet_protocol::Failure { in_doubt: true, ..again }),
                    answer => answer,
                }
            }
            answer => answer,
        }
    }

    pub fn take_lease(&mut self, machine: usize, run: &Run, sent_ms: u64) {
        let now = self.now(machine);
        let state = &mut self.machines[machine].state;
        if !state.owns(run) || !run.status.is_unfinished() {
            state.leases.remove(&run.id);
            return;
        }
        let lease = Lease {
            fence: run.fence,
            process: run.owner.process.clone(),
            deadline_ms: sent_ms + LEASE_MS - MARGIN_MS,
            boot: now.boot,
            offset_ms: now.unix_ms - now.boot_ms,
        };
        state.leases.insert(run.id.clone(), lease);
    }

    /// Gives the changed runs their new revision and, if they changed their owner, this machine. Returns the rows to write.
    fn prepare(
        &self,
        machine: usize,
        request: &CoreRequest,
        rows: &[Row],
        decision: &mut Decision,
        changed: &[String],
    ) -> Vec<RowWrite> {
        let me = self.machines[machine].state.membership.machine.clone();
        let mut writes = Vec::new();
        for change in &mut decision.changes {
            let Record::Run(run) = &mut change.record else { continue };
            let row = rows.iter().find(|row| row.run.id == run.id);
            let old =
                request.snapshot.runs.iter().find_map(|named| named.reading.record().filter(|old| old.id == run.id));
            let moved = old.is_none_or(|old| old.fence < run.fence);
            let (run, before) = (&mut **run, row.map(|row| (revision(&row.run), row.version)));
            if !changed.contains(&run.id.to_string()) {
                continue;
            }
            let Some(fleet) = run.fleet.as_mut() else { continue };
            fleet.revision = before.unwrap_or_default().0 + 1;
            if moved {
                fleet.machine = Some(me.clone());
            }
            writes.push(RowWrite { before, run: to_row_record(run), directory: Some("w".into()) });
        }
        writes
    }

    /// Returns whether a decision may be committed without the database: it only advances runs whose lease certainly holds.
    fn may_go_on(&self, machine: usize, request: &CoreRequest, decision: &Decision) -> bool {
        runs_of(decision).filter(|run| run.fleet.is_some()).all(|new| {
            let old =
                request.snapshot.runs.iter().find_map(|named| named.reading.record().filter(|old| old.id == new.id));
            old.is_some_and(|old| {
                let advanced = Run { phase: old.phase.clone(), iteration: old.iteration, ..to_row_record(new) };
                is_same_row(&to_row_record(old), &advanced) && (self.has_lease(machine, old) || is_same_row(old, new))
            })
        })
    }

    fn finish(&mut self, machine: usize, input: &Input, decision: Decision) -> Result<Attempt, Killed> {
        self.write(machine, &decision);
        self.reply(machine, input, &decision)?;
        Ok(Attempt::Done(Box::new(decision)))
    }

    pub fn write(&mut self, machine: usize, decision: &Decision) -> bool {
        let written = self.machines[machine].state.write(&decision.changes);
        if let Err(what) = &written {
            self.fault.get_or_insert_with(|| format!("machine {machine}, {}: {what}", decision.reason));
        }
        written.is_ok()
    }

    fn reply(&mut self, machine: usize, input: &Input, decision: &Decision) -> Result<(), Killed> {
        self.point(machine, false)?;
        if let (Input::Event(event), Some(session)) = (input, session_of(input)) {
            for told in decision.notifications.iter().filter_map(|told| told.id()) {
                let process = event.process.clone().into_iter();
                self.machines[machine]
                    .state
                    .told
                    .extend(process.map(|process| (session.clone(), told.clone(), process)));
            }
        }
        Ok(())
    }

    /// Returns the revisions of the records that a decision changes.
    fn revisions(&self, machine: usize, decision: &Decision) -> BTreeMap<String, u64> {
        let state = &self.machines[machine].state;
        let revision = |record: &Record| match record {
            Record::Run(run) => state.run(&run.id).map(|run| run.revision),
            Record::Session(session) => state.session(session.id.as_str()).map(|session| session.revision),
        };
        let changes = decision.changes.iter();
        changes.map(|change| (change.record.id().to_owned(), revision(&change.record).unwrap_or_default())).collect()
    }
}

pub fn revision(run: &Run) -> u64 {
    run.fleet.as_ref().map_or(0, |fleet| fleet.revision)
}

fn runs_of(decision: &Decision) -> impl Iterator<Item = &Run> {
    decision.changes.iter().filter_map(|change| match &change.record {
        Record::Run(run) => Some(&**run),
        Record::Session(_) => None,
    })
}

/// Returns the runs whose rows a decision changes. What a row does not have stays on the machine.
fn fleet_changes(request: &CoreRequest, decision: &Decision) -> Vec<String> {
    let is_same = |new: &Run| {
        request
            .snapshot
            .runs
            .iter()
            .filter_map(|named| named.reading.record())
            .any(|old| old.id == new.id && is_same_row(&to_row_record(old), &to_row_record(new)))
    };
    runs_of(decision).filter(|run| run.fleet.is_some() && !is_same(run)).map(|run| run.id.to_string()).collect()
}

fn is_same_row(old: &Run, new: &Run) -> bool {
    let new =
        Run { updated: old.updated.clone(), revision: old.revision, loop_state: old.loop_state.clone(), ..new.clone() };
    *old == new
}

/// Returns the request with the database unreachable for every run.
fn without_database(request: &CoreRequest) -> CoreRequest {
    let mut request = request.clone();
    request.snapshot.fleet = request.snapshot.fleet.iter().map(|standing| unreachable(&standing.run)).collect();
    request
}

fn unreachable(run: &agent_baton_core::id::RunId) -> FleetStanding {
    FleetStanding { run: run.clone(), owner: FleetOwner::Unreachable }
}
