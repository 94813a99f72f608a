//! The records of a machine that belongs to a fleet: the state directory, and the rows of the fleet's database.
//!
//! `docs/design/fleet.md` has the steps of a decision. The database commits first and the state directory second. A killed
//! call leaves a copy that is behind its row, and never one that is ahead.

use std::cell::RefCell;
use std::time::Instant;

use agent_baton_core::fleet::{FleetOwner, FleetRun, FleetStanding};
use agent_baton_core::id::RunId;
use agent_baton_core::request::{Command, Input, Snapshot};
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;
use baton_engine::outcome::Outcome;
use baton_engine::record_store::{RecordStore, Reservation};
use baton_fleet_protocol::{Answer, Position, Request, Row, RowWrite};
use baton_store::{LockedStore, Store, StoreError};

use crate::connection::Connect;
use crate::copies;
use crate::database_call::{Caller, CommittedRows, DatabaseCall, LOCKED_WAIT, Waiting};
use crate::error::FleetError;
use crate::lease::{Lease, Leases};
use crate::marker::Marker;
use crate::membership::{Membership, new_commit};
use crate::owner_word::OwnerWord;
use crate::question::{Question, new_fleet_run};
use crate::row_change::{self, RowChange};
use crate::standing;
use crate::unasked::Unasked;

/// How often a decision is made again because another machine changed a row first.
pub(crate) const MAX_CONFLICTS: u32 = 5;

/// The records of a machine in a fleet, for one call of baton.
pub struct FleetStore<'a> {
    store: &'a Store,
    lease_ms: u64,
    caller: Caller<'a>,
    call: RefCell<DatabaseCall>,
}

impl<'a> FleetStore<'a> {
    /// Returns the records for one call. It reads nothing before it is asked.
    #[must_use]
    pub fn new(
        store: &'a Store,
        lease_ms: u64,
        database: Box<dyn Connect + 'a>,
        waiting: Waiting,
        clock: Box<dyn Fn() -> Timestamp + 'a>,
    ) -> Self {
        Self { store, lease_ms, caller: Caller::new(store, database, waiting, clock), call: RefCell::default() }
    }

    /// Returns why the database was of no use to this call, if it was asked.
    #[must_use]
    pub fn take_problem(&self) -> Option<FleetError> {
        self.call.borrow_mut().problem.take()
    }

    /// Returns whether the answer to a commit of this call was lost, so that nobody knows yet whether it was stored. The next call
    /// finds out.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.call.borrow().in_doubt
    }

    /// Returns what the row of a run says about its owner, if this call read it and the owner is on another machine.
    #[must_use]
    pub fn owner_elsewhere(&self, run: &RunId) -> Option<OwnerWord> {
        let call = self.call.borrow();
        let here = &call.membership.as_ref()?.machine;
        let row = call.rows.iter().find(|row| row.run.id == *run)?;
        OwnerWord::of_row(row, &call.machines, here)
    }

    /// Reads the unfinished runs of a project, and returns the commands that make or refresh their copies here, where its
    /// worktree root is `root`.
    #[must_use]
    pub fn copies_of_project(&self, fleet: &FleetRun, root: &str) -> Vec<Command> {
        let mut call = self.call.borrow_mut();
        call.membership = Membership::read(self.store).ok().flatten();
        call.question = Some(Question {
            projects: vec![fleet.project.clone()],
            root: Some((root.to_owned(), fleet.project.clone())),
            ..Question::default()
        });
        self.caller.begin(&mut call);
        outdated_copies(self.store, &call, &Snapshot::default())
    }

    /// Uses rows that were just read, instead of reading them.
    pub fn know(&self, rows: Vec<Row>) {
        let mut call = self.call.borrow_mut();
        call.membership = Membership::read(self.store).ok().flatten();
        call.reached = call.membership.is_some();
        call.rows = rows;
    }
}

impl RecordStore for FleetStore<'_> {
    fn prefetch(&self, input: &Input, known: &Snapshot) {
        let mut call = self.call.borrow_mut();
        call.question = Question::of(self.store, input, known, &self.caller.now());
        if call.question.is_none() {
            return;
        }
        self.caller.read_membership(&mut call);
        if call.membership.is_none() {
            call.question = None;
            return;
        }
        self.caller.begin(&mut call);
        // Also where an outage is known: the event that follows it has to ask.
        if let (Input::Event(_), Some(question)) = (input, &call.question) {
            Unasked::note(self.store, &question.sessions, call.reached);
        }
    }

    fn outdated(&self, known: &Snapshot) -> Vec<Command> {
        let mut call = self.call.borrow_mut();
        if call.question.is_none() {
            return Vec::new();
        }
        self.caller.resolve_marker(&mut call);
        outdated_copies(self.store, &call, known)
    }

    fn complete(&self, input: &Input, snapshot: &mut Snapshot) {
        let mut call = self.call.borrow_mut();
        let call = &mut *call;
        copies::add_copies(self.store, &call.rows, snapshot);
        let runs = snapshot.runs.iter().filter_map(|named| named.reading.record());
        let fleet_runs: Vec<&Run> = runs.filter(|run| run.fleet.is_some()).collect();
        let (mut standings, mut on_lease) = (Vec::new(), Vec::new());
        // What concerns no run of the fleet reads none of these files.
        let asks_files = !call.reached && !fleet_runs.is_empty();
        if asks_files {
            self.caller.read_membership(call);
        }
        let marker = if asks_files { Marker::read(self.store) } else { Ok(None) };
        let leases = if asks_files { Leases::read(self.store) } else { Leases::default() };
        for run in fleet_runs {
            let row = call.rows.iter().find(|row| row.run.id == run.id);
            let machine = call.membership.as_ref().map(|membership| &membership.machine);
            let owner = match (call.reached, row, machine) {
                // Neither is newer than the other, so the database was restored, and the witness has to find out.
                (true, Some(row), _) if standing::contradicts(row, run) => FleetOwner::Unreachable,
                (true, Some(row), Some(machine)) => standing::of_row(row, machine),
                (true, None, _) | (_, _, None) => FleetOwner::Unreachable,
                (false, _, Some(machine)) => {
                    let named = |marker: &Option<Marker>| marker.as_ref().is_some_and(|it| it.runs.contains(&run.id));
                    let is_here = run.fleet.as_ref().is_some_and(|fleet| fleet.machine.as_ref() == Some(machine));
                    let may_go_on = is_here
                        && !call.problem.as_ref().is_some_and(FleetError::disowns)
                        && marker.as_ref().is_ok_and(|marker| !named(marker))
                        && leases.cover(run, &self.caller.now())
                        && !call.off_lease.contains(&run.id);
                    if may_go_on {
                        on_lease.push(run.id.clone());
                        FleetOwner::Here { lapsed: false }
                    } else {
                        FleetOwner::Unreachable
                    }
                }
            };
            standings.push(FleetStanding { run: run.id.clone(), owner });
        }
        // A run that is not there yet can only be started if the database can be asked.
        if let Some(run) = new_fleet_run(input).filter(|_| !call.reached) {
            standings.push(FleetStanding { run: run.clone(), owner: FleetOwner::Unreachable });
        }
        call.on_lease = on_lease;
        snapshot.fleet = standings;
    }

    fn reserve(&self, locked: &mut LockedStore<'_>, outcome: &mut Outcome) -> Result<Reservation, StoreError> {
        let mut call = self.call.borrow_mut();
        let is_refresh =
            matches!(&outcome.request.input, Input::Command(command) if matches!(**command, Command::Refresh { .. }));
        let changes = row_change::changes_of(outcome);
        if is_refresh || changes.is_empty() {
            return Ok(Reservation::Granted);
        }
        if !call.reached {
            return Ok(reserve_on_lease(&mut call, &changes));
        }
        let Some(machine) = call.membership.as_ref().map(|membership| membership.machine.clone()) else {
            return Ok(Reservation::Granted);
        };
        let writes = row_change::stamp(outcome, &machine, &call.rows);
        self.commit_rows(&mut call, locked, outcome, writes)
    }

    fn committed(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Result<(), StoreError> {
        let mut call = self.call.borrow_mut();
        let Some(CommittedRows { commit, change: number, asked }) = call.committed.take() else { return Ok(()) };
        let machine = call.membership.as_ref().map(|membership| membership.machine.clone());
        let _ = locked;
        Leases::update(self.store, |known| {
            known.note_change(Position { change: number, commit: Some(commit.clone()) });
            let leases = &mut known.leases;
            for change in row_change::changes_of(outcome) {
                let is_here = change.after.fleet.as_ref().is_some_and(|fleet| fleet.machine == machine);
                // A user's command about a run is no sign that its owner, which was reported to have ended, is alive.
                let has_ended = !change.has_new_owner() && standing::has_ended(&call.rows, &change.after.id);
                if is_here && !has_ended && change.after.status.is_unfinished() {
                    leases.insert(change.after.id.clone(), Lease::new(change.after, &asked, self.lease_ms));
                } else {
                    leases.remove(&change.after.id);
                }
            }
        })?;
        Marker::remove(self.store, &commit)
    }
}

impl FleetStore<'_> {
    /// Commits rows. Waits under the lock for a short time, and then without it.
    fn commit_rows(
        &self,
        call: &mut DatabaseCall,
        locked: &mut LockedStore<'_>,
        outcome: &Outcome,
        writes: Vec<RowWrite>,
    ) -> Result<Reservation, StoreError> {
        let Ok(commit) = new_commit() else {
            self.caller.lose(call, FleetError::Answer);
            return Ok(Reservation::AskAgain);
        };
        let marker = Marker { commit: commit.clone(), runs: writes.iter().map(|write| write.run.id.clone()).collect() };
        marker.write(self.store)?;
        let asked = self.caller.now();
        let reason = outcome.decision.reason;
        let request = Request::Commit { commit: commit.clone(), reason, writes, lease_ms: self.lease_ms };
        let answer = wait_for_commit(call, locked, outcome, &request);
        match answer {
            Ok(Answer::Committed { change }) => {
                call.committed = Some(CommittedRows { commit, change, asked });
                Ok(Reservation::Granted)
            }
            Ok(Answer::Conflict { .. }) => {
                Marker::remove(self.store, &commit)?;
                call.conflicts += 1;
                let is_over = call.deadline.is_some_and(|deadline| Instant::now() >= deadline);
                if is_over || call.conflicts >= MAX_CONFLICTS {
                    self.caller.lose(call, FleetError::Conflicts { times: call.conflicts });
                } else {
                    let deadline = Instant::now() + LOCKED_WAIT;
                    self.caller.read_rows(call, deadline);
                }
                Ok(Reservation::AskAgain)
            }
            answer => {
                let error = match answer {
                    Ok(Answer::Withdrawn) => FleetError::Withdrawn,
                    Ok(_) => FleetError::Answer,
                    Err(error) => error,
                };
                // If the commit may have happened, the marker stays, and the next call asks what became of it.
                call.in_doubt |= error.is_in_doubt();
                if !error.is_in_doubt() {
                    Marker::remove(self.store, &commit)?;
                }
                self.caller.lose(call, error);
                Ok(Reservation::AskAgain)
            }
        }
    }
}

fn wait_for_commit(
    call: &mut DatabaseCall,
    locked: &mut LockedStore<'_>,
    outcome: &Outcome,
    request: &Request,
) -> Result<Answer, FleetError> {
    let begun = Instant::now();
    let deadline = call.deadline.unwrap_or(begun).max(begun + LOCKED_WAIT);
    let timed_out = || FleetError::TimedOut { ms: begun.elapsed().as_millis() };
    let connection = call.connection.as_mut().ok_or(FleetError::Answer)?;
    connection.send(request)?;
    if let Some(answer) = connection.receive(begun + LOCKED_WAIT)? {
        return Ok(answer);
    }
    let waited = locked.unlocked(&outcome.request.now, || connection.receive(deadline))?;
    let answer = waited?.ok_or_else(timed_out)?;
    if row_change::is_still_current(locked, outcome) {
        Ok(answer)
    } else {
        // The rows are as they were decided, and the copies follow at the next refresh.
        Err(FleetError::RecordsChanged)
    }
}

/// Lets the owner go on without the database if its lease covers what it does. Only the run's progress may change: whatever
/// else a decision changes, another machine must be able to see first.
fn reserve_on_lease(call: &mut DatabaseCall, changes: &[RowChange<'_>]) -> Reservation {
    let refused = |change: &&RowChange<'_>| !(call.on_lease.contains(&change.after.id) && change.is_progress());
    let refused: Vec<RunId> = changes.iter().filter(refused).map(|change| change.after.id.clone()).collect();
    if refused.is_empty() {
        return Reservation::Granted;
    }
    call.off_lease.extend(refused);
    Reservation::AskAgain
}

/// Returns the commands that bring the copies of the rows in line that a call read.
fn outdated_copies(store: &Store, call: &DatabaseCall, known: &Snapshot) -> Vec<Command> {
    let question = call.question.as_ref().filter(|_| call.reached);
    question.map(|question| copies::outdated(store, question, &call.rows, known)).unwrap_or_default()
}
