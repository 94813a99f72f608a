//! Hands a session over to another machine, takes that back, and picks one up.

use std::time::{Duration, Instant};

use agent_baton_core::id::{MachineId, RunId, SessionId};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Command, Reading};
use agent_baton_core::run::Run;
use baton_engine::decide::DecisionService;
use baton_fleet_protocol::{
    Answer, CommitId, HandoffSummary, NewHandoff, Position, Request, Row, RowOwner, RowWrite, Rows,
};
use baton_store::{LockedStore, Store};

use crate::archive_parts::{self, MAX_PARTS, PART_BYTES};
use crate::cached_rows::{CachedRows, MAX_CACHED_ROWS};
use crate::database_call::LOCKED_WAIT;
use crate::error::FleetError;
use crate::fleet_store::{FleetStore, MAX_CONFLICTS};
use crate::handoff_error::HandoffError;
use crate::handoff_rows;
use crate::lease::{Lease, Leases};
use crate::marker::Marker;
use crate::member_connection::MemberConnection;
use crate::membership::new_commit;

/// How long a command waits for the state's lock.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// What hands sessions over and picks them up, for one call of baton.
pub struct Handoffs<'a> {
    /// Decides how a copy is brought in line. Its records are `fleet`.
    pub service: &'a DecisionService<'a>,
    /// The records of the fleet.
    pub fleet: &'a FleetStore<'a>,
    /// The connection to the database.
    pub member: MemberConnection<'a>,
    /// How long leases last, in milliseconds.
    pub lease_ms: u64,
}

/// A session that is ready to be handed over.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The session.
    pub session: &'a SessionId,
    /// The only machine that may pick it up, or `None` for any.
    pub to: Option<&'a MachineId>,
    /// The identity of its project.
    pub project: Option<&'a str>,
    /// Its archive.
    pub archive: &'a [u8],
}

impl Handoffs<'_> {
    /// Stores the session's archive, and gives away its unfinished runs of the fleet, whose ids it returns. An older handoff of
    /// this session by this machine is taken back first. If the call is killed, repeating it works.
    ///
    /// # Errors
    /// See [`HandoffError`].
    pub fn hand_over(&mut self, offer: &Offer<'_>) -> Result<Vec<RunId>, HandoffError> {
        let limit = PART_BYTES.saturating_mul(MAX_PARTS as usize);
        let too_large = || HandoffError::TooLarge { bytes: offer.archive.len(), limit };
        let parts = archive_parts::count(offer.archive).ok_or_else(too_large)?;
        let rows = self.read(offer.session)?;
        handoff_rows::check_holders(&rows, self.member.machine())?;
        self.withdraw(&rows.handoffs)?;
        let id = new_commit()?;
        for (number, bytes) in (0..).zip(archive_parts::split(offer.archive)) {
            let part = Request::PutPart { session: offer.session.clone(), handoff: id.clone(), number, bytes };
            let Answer::Done = self.ask(&part)? else { return Err(FleetError::Answer.into()) };
        }
        let handoff = NewHandoff {
            session: offer.session.clone(),
            to: offer.to.cloned(),
            parts,
            digest: archive_parts::digest(offer.archive),
            project: offer.project.map(str::to_owned),
        };
        let now = self.service.now();
        self.commit(offer.session, &id, |this, rows| {
            handoff_rows::check_holders(rows, this.member.machine())?;
            let store = this.service.store;
            let copy = |row: &Row| copy_of(store, &row.run.id);
            let writes = rows.rows.iter().map(|row| handoff_rows::handed_over(row, copy(row).as_ref(), &now)).collect();
            let handoff = handoff.clone();
            Ok(Some((writes, Box::new(move |commit, writes| Request::HandOff { commit, handoff, writes }))))
        })
    }

    /// Takes back a session that this machine handed over and nobody has picked up. Returns the runs that this machine owns
    /// again. If the call is killed, repeating it works.
    ///
    /// # Errors
    /// See [`HandoffError`].
    pub fn take_back(&mut self, session: &SessionId) -> Result<Vec<RunId>, HandoffError> {
        let here = self.member.machine().clone();
        let rows = self.read(session)?;
        // Withdrawing a handoff picks it up for this machine.
        let is_own = |row: &&Row| match &row.owner {
            RowOwner::Handoff { from, picked_up, .. } => {
                *from == here && picked_up.as_ref().is_none_or(|by| *by == here)
            }
            RowOwner::Machine { .. } => false,
        };
        let newest = rows.handoffs.iter().filter(|it| it.from == here).min_by_key(|it| it.age_ms);
        if let Some(newest) = newest.filter(|it| it.picked_up.as_ref().is_some_and(|by| *by != here)) {
            return Err(handoff_rows::not_withdrawn(newest, &rows));
        }
        // A killed call may have withdrawn the handoff and left its runs.
        if newest.is_none() && !rows.rows.iter().any(|row| is_own(&row)) {
            return Err(HandoffError::NotHandedOver { session: session.clone() });
        }
        self.withdraw(&rows.handoffs)?;
        let (now, lease_ms) = (self.service.now(), self.lease_ms);
        let taken = self.commit(session, &new_commit()?, |_, rows| {
            let writes: Vec<RowWrite> =
                rows.rows.iter().filter(is_own).map(|row| handoff_rows::taken_back(row, &here, &now)).collect();
            if writes.is_empty() {
                return Ok(None);
            }
            let request = move |commit, writes| Request::Commit { commit, reason: Reason::Adopted, writes, lease_ms };
            Ok(Some((writes, Box::new(request))))
        })?;
        let store = self.service.store;
        let _locked = self.lock()?;
        Leases::update(store, |leases| {
            for run in taken.iter().filter_map(|id| copy_of(store, id)) {
                leases.leases.insert(run.id.clone(), Lease::new(&run, &now, lease_ms));
            }
        })?;
        Ok(taken)
    }

    /// Claims a handoff for this machine. It can be repeated.
    ///
    /// # Errors
    /// See [`HandoffError`].
    pub fn claim(&mut self, handoff: &HandoffSummary) -> Result<(), HandoffError> {
        self.ask_as_receiver(&Request::PickUp { handoff: handoff.id.clone() }, &handoff.session)
    }

    /// Removes the archive of a handoff that this machine claimed, once the session is imported. It can be repeated.
    ///
    /// # Errors
    /// See [`HandoffError`].
    pub fn remove_archive(&mut self, handoff: &HandoffSummary) -> Result<(), HandoffError> {
        self.ask_as_receiver(&Request::RemoveArchive { handoff: handoff.id.clone() }, &handoff.session)
    }

    fn ask_as_receiver(&mut self, request: &Request, session: &SessionId) -> Result<(), HandoffError> {
        match self.ask(request)? {
            Answer::Done => Ok(()),
            Answer::Conflict { .. } => Err(HandoffError::NotOffered { session: session.clone() }),
            _ => Err(FleetError::Answer.into()),
        }
    }

    /// Returns the archive of a handoff. Read it before the handoff is claimed: the machine that made it can replace a damaged
    /// one only until then.
    ///
    /// # Errors
    /// See [`HandoffError`].
    pub fn archive(&mut self, handoff: &HandoffSummary) -> Result<Vec<u8>, HandoffError> {
        let damaged = |problem| HandoffError::Damaged { session: handoff.session.clone(), problem };
        if handoff.parts > MAX_PARTS {
            return Err(damaged("it has too many parts"));
        }
        let mut archive = Vec::new();
        for number in 0..handoff.parts {
            let request = Request::GetPart { handoff: handoff.id.clone(), number };
            let Answer::Part(part) = self.ask(&request)? else { return Err(FleetError::Answer.into()) };
            if !archive_parts::append(&mut archive, &part.bytes) {
                return Err(damaged("a part of it cannot be read"));
            }
        }
        if archive_parts::digest(&archive) == handoff.digest { Ok(archive) } else { Err(damaged("its digest differs")) }
    }

    /// Makes the copies of the runs that were handed over to this machine with a session, for its project here. Returns them.
    ///
    /// # Errors
    /// See [`HandoffError`].
    pub fn copy_runs(&mut self, session: &SessionId, project: &str) -> Result<Vec<Run>, HandoffError> {
        let rows = self.runs_handed_here(session)?;
        self.refresh(&rows, Some(project))?;
        self.keep_rows();
        Ok(rows.into_iter().map(|row| row.run).collect())
    }

    /// Returns the rows of the runs that were handed over to this machine with a session.
    ///
    /// # Errors
    /// Returns an error if the database cannot be asked.
    pub fn runs_handed_here(&mut self, session: &SessionId) -> Result<Vec<Row>, HandoffError> {
        let here = self.member.machine().clone();
        let is_here = |row: &Row| matches!(&row.owner, RowOwner::Handoff { picked_up: Some(by), .. } if *by == here);
        let mut rows = self.read(session)?.rows;
        rows.retain(is_here);
        Ok(rows)
    }

    /// Returns all machines and handoffs.
    ///
    /// # Errors
    /// Returns an error if the database cannot be asked.
    pub fn list(&mut self) -> Result<Rows, HandoffError> {
        match self.ask(&Request::List { limit: MAX_CACHED_ROWS })? {
            Answer::Rows(rows) => Ok(rows),
            _ => Err(FleetError::Answer.into()),
        }
    }

    /// Withdraws every handoff of this machine that nobody has picked up.
    fn withdraw(&mut self, handoffs: &[HandoffSummary]) -> Result<(), HandoffError> {
        let here = self.member.machine().clone();
        for handoff in handoffs.iter().filter(|it| it.from == here && it.picked_up.is_none()) {
            match self.ask(&Request::CancelHandoff { handoff: handoff.id.clone() })? {
                Answer::Done => {}
                // Another machine was faster.
                Answer::Conflict { .. } => {
                    let now = self.read(&handoff.session)?;
                    return Err(handoff_rows::not_withdrawn(handoff, &now));
                }
                _ => return Err(FleetError::Answer.into()),
            }
        }
        Ok(())
    }

    /// Reads the rows of the session, and commits what `decide` makes of them. If another machine changed one meanwhile, it
    /// reads them again. Then it brings the copies in line. Returns the runs.
    fn commit(
        &mut self,
        session: &SessionId,
        commit: &CommitId,
        decide: impl Fn(&Self, &Rows) -> Result<Option<Commit>, HandoffError>,
    ) -> Result<Vec<RunId>, HandoffError> {
        for _ in 0..MAX_CONFLICTS {
            let rows = self.read(session)?;
            let Some((writes, request)) = decide(self, &rows)? else { return Ok(Vec::new()) };
            let runs: Vec<RunId> = writes.iter().map(|write| write.run.id.clone()).collect();
            match self.send_commit(commit, &runs, &request(commit.clone(), writes))? {
                Answer::Committed { change } => {
                    self.keep_newest(change, commit)?;
                    self.refresh_runs(commit, &runs)?;
                    self.keep_rows();
                    return Ok(runs);
                }
                Answer::Conflict { .. } => {}
                Answer::Withdrawn => return Err(HandoffError::Withdrawn),
                _ => return Err(FleetError::Answer.into()),
            }
        }
        Err(FleetError::Conflicts { times: MAX_CONFLICTS }.into())
    }

    /// Sends a commit, with its marker on the disk. If the answer is lost, looks the commit up. The marker stays until the copies
    /// are in line.
    fn send_commit(&mut self, commit: &CommitId, runs: &[RunId], request: &Request) -> Result<Answer, HandoffError> {
        let (store, now) = (self.service.store, self.service.now());
        let mut locked = self.lock_without_marker()?;
        let deadline = Instant::now() + self.member.limit();
        let connection = self.member.connected()?;
        Marker { commit: commit.clone(), runs: runs.to_vec() }.write(store)?;
        let begun = Instant::now();
        let sent = connection.send(request).and_then(|()| connection.receive(begun + LOCKED_WAIT));
        let answer = match sent {
            Ok(None) => locked.unlocked(&now, || connection.receive(deadline))?,
            answer => answer,
        };
        let timed_out = || FleetError::TimedOut { ms: begun.elapsed().as_millis() };
        let answer = answer.and_then(|answer| answer.ok_or_else(timed_out));
        let is_refused = |error: &FleetError| !error.is_in_doubt();
        if matches!(&answer, Ok(Answer::Conflict { .. } | Answer::Withdrawn)) || answer.as_ref().is_err_and(is_refused)
        {
            Marker::remove(store, commit)?;
        }
        drop(locked);
        match answer {
            Err(error) if error.is_in_doubt() => self.look_up(commit).map_err(|_| HandoffError::Unknown(error)),
            answer => Ok(answer?),
        }
    }

    /// Keeps the newest change of this machine, by which it notices that the database was restored to a time before.
    fn keep_newest(&self, change: u64, commit: &CommitId) -> Result<(), HandoffError> {
        let _locked = self.lock()?;
        Leases::update(self.service.store, |known| {
            if known.newest.as_ref().is_none_or(|newest| newest.change < change) {
                known.newest = Some(Position { change, commit: Some(commit.clone()) });
            }
        })?;
        Ok(())
    }

    fn look_up(&mut self, commit: &CommitId) -> Result<Answer, HandoffError> {
        // The old connection may be gone, or wait for an answer.
        self.member.disconnect();
        let answer = self.ask(&Request::LookUp { commit: commit.clone() })?;
        if matches!(answer, Answer::Withdrawn) {
            let _locked = self.lock()?;
            Marker::remove(self.service.store, commit)?;
        }
        Ok(answer)
    }

    /// Brings the copies of the runs of a commit in line with their rows, and removes the commit's marker. Another call may have
    /// done so meanwhile, and have written a marker of its own.
    fn refresh_runs(&mut self, commit: &CommitId, runs: &[RunId]) -> Result<(), HandoffError> {
        let request = Request::Read { runs: runs.to_vec(), sessions: Vec::new(), projects: Vec::new() };
        let Answer::Rows(rows) = self.ask(&request)? else { return Err(FleetError::Answer.into()) };
        self.refresh(&rows.rows, None)?;
        let store = self.service.store;
        let _locked = self.lock()?;
        // A later owner on this machine has a higher fence.
        let fence = |run: &RunId| rows.rows.iter().find(|row| row.run.id == *run).map(|row| row.run.fence);
        Leases::update(store, |known| known.leases.retain(|run, lease| fence(run).is_none_or(|it| lease.fence >= it)))?;
        Ok(Marker::remove(store, commit)?)
    }

    /// Brings copies in line with rows that were just read.
    fn refresh(&self, rows: &[Row], project: Option<&str>) -> Result<(), HandoffError> {
        let project = project.map(str::to_owned);
        let refresh = |row: &Row| Command::Refresh { run: Box::new(row.run.clone()), project: project.clone() };
        let commands: Vec<Command> = rows.iter().map(refresh).collect();
        self.fleet.know(rows.to_vec());
        let now = self.service.now();
        self.service.refresh_copies(&mut self.lock()?, commands, &now)?;
        Ok(())
    }

    /// Keeps what the database has now, so that the next events know of it. The witness does so too, within a minute.
    fn keep_rows(&mut self) {
        let read = self.service.now();
        if let Ok(rows) = self.list() {
            CachedRows::keep(self.service.store, read, rows);
        }
    }

    fn read(&mut self, session: &SessionId) -> Result<Rows, HandoffError> {
        let request = Request::Read { runs: Vec::new(), sessions: vec![session.clone()], projects: Vec::new() };
        match self.ask(&request)? {
            Answer::Rows(mut rows) => {
                rows.rows.retain(|row| row.run.status.is_unfinished() && row.run.owner.is_session(session));
                rows.handoffs.retain(|handoff| handoff.session == *session);
                Ok(rows)
            }
            _ => Err(FleetError::Answer.into()),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, FleetError> {
        self.member.ask(request)
    }
}

impl<'a> Handoffs<'a> {
    fn lock(&self) -> Result<LockedStore<'a>, HandoffError> {
        Ok(self.service.store.lock(Instant::now() + LOCK_WAIT, &self.service.now())?)
    }

    /// Takes the lock at a time when no marker is there. A call that is killed leaves one, even right before the lock is free.
    fn lock_without_marker(&mut self) -> Result<LockedStore<'a>, HandoffError> {
        let store = self.service.store;
        for _ in 0..MAX_CONFLICTS {
            if let Some(marker) = Marker::read(store)? {
                if let Answer::Committed { change } = self.look_up(&marker.commit)? {
                    self.keep_newest(change, &marker.commit)?;
                }
                self.refresh_runs(&marker.commit, &marker.runs)?;
            }
            let locked = self.lock()?;
            if Marker::read(store)?.is_none() {
                return Ok(locked);
            }
        }
        Err(FleetError::Conflicts { times: MAX_CONFLICTS }.into())
    }
}

/// The rows to write, and the request that writes them.
type Commit = (Vec<RowWrite>, Box<dyn FnOnce(CommitId, Vec<RowWrite>) -> Request>);

fn copy_of(store: &Store, id: &RunId) -> Option<Run> {
    match store.read(|view| view.run(id)).ok()? {
        Reading::Live(run) => Some(run),
        _ => None,
    }
}
