//! One round of the witness: it proves to the fleet which owners on this machine are alive and which have ended, and brings
//! the copies in line with the database.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use agent_baton_core::decision::Location;
use agent_baton_core::fleet::ReleaseCause;
use agent_baton_core::id::{MachineId, RunId};
use agent_baton_core::process::Live;
use agent_baton_core::request::{Command, Reading};
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;
use baton_engine::decide::{DecisionError, DecisionService};
use baton_engine::liveness::LivenessCheck;
use baton_fleet_protocol::{Answer, Cause, EndedOwner, Identity, Renewal, Request, Rows, Standing};
use baton_store::{LockedStore, Store, StoreError};

use crate::cached_rows::{CachedRows, MAX_CACHED_ROWS};
use crate::connection::Connect;
use crate::error::FleetError;
use crate::fleet_store::FleetStore;
use crate::lease::{Lease, Leases};
use crate::membership::{Membership, RestoredDatabase};
use crate::outage::Outage;
use crate::recovery;
use crate::release::release;
use crate::token::{TokenLock, new_machine};

/// How many changes of the feed are read at once. More than that only means that the rows are read, which they are anyway.
const MAX_CHANGES: u32 = 1;

/// How long the witness waits for the state's lock.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// What one round did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Round {
    /// How many owners' leases were renewed.
    pub renewed: usize,
    /// How many owners were reported to have ended.
    pub ended: usize,
    /// How many owners could not be judged. Their leases end.
    pub unknown: usize,
    /// How many copies were brought in line.
    pub refreshed: usize,
    /// What the user must know: that this directory is a copy, or that the database was restored.
    pub notices: Vec<String>,
}

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The database was of no use.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// A file of the state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state's lock was not available.
    #[error(transparent)]
    Lock(#[from] baton_store::LockError),
    /// A copy could not be brought in line.
    #[error(transparent)]
    Decision(#[from] DecisionError),
}

/// What the witness works with.
pub struct Witness<'a> {
    /// Decides how a copy is brought in line. Its records are `fleet`.
    pub service: &'a DecisionService<'a>,
    /// The records of the fleet.
    pub fleet: &'a FleetStore<'a>,
    /// Opens the connection.
    pub database: &'a dyn Connect,
    /// How long leases last, in milliseconds.
    pub lease_ms: u64,
    /// When the witness stops waiting for the database.
    pub deadline: Instant,
}

/// What the database did in one round.
struct Carried {
    /// This machine.
    machine: MachineId,
    /// When it was asked.
    asked: Timestamp,
    /// The owners about which it was told.
    owners: Owners,
    /// The runs whose lease was renewed.
    renewed: Vec<RunId>,
    /// How many ends of owners were recorded.
    ended: usize,
    /// The rows after that.
    rows: Rows,
}

/// The owners on this machine.
#[derive(Default)]
struct Owners {
    alive: Vec<Run>,
    ended: Vec<Run>,
    unknown: usize,
}

impl Witness<'_> {
    /// Does one round.
    ///
    /// # Errors
    /// Returns an error if the database cannot be asked, or if a file of the state cannot be used. What was done before stands.
    pub fn run(&self) -> Result<Round, WitnessError> {
        let store = self.service.store;
        let mut round = Round::default();
        let carried = match self.ask() {
            // Only then the witness needs to know more, and asks for it in steps of their own.
            Err(WitnessError::Fleet(error)) if error.cause().is_some_and(is_about_identity) => {
                self.find_out(&mut round)?;
                self.ask()?
            }
            carried => carried?,
        };
        let (read, epoch, newest) =
            (carried.asked.clone(), carried.rows.standing.epoch, carried.rows.standing.newest.clone());
        (round.renewed, round.ended) = (carried.renewed.len(), carried.ended);
        round.unknown = carried.owners.unknown;
        // Before the copies: a copy that is newer than what this machine has seen would not show that the database was restored.
        TokenLock::acquire(store, self.deadline)?.change(|membership| {
            // Another witness may have been here meanwhile.
            if membership.epoch == epoch && membership.newest.change < newest.change {
                membership.newest = newest;
            }
        })?;
        self.keep_leases(&carried)?;
        self.refresh(carried.rows, read.clone(), &mut round)?;
        TokenLock::acquire(store, self.deadline)?.change(|membership| membership.witnessed = Some(read))?;
        Outage::end(store);
        Ok(round)
    }

    /// Tells the database about the owners on this machine, replaces the token, and reads the rows: one round trip.
    fn ask(&self) -> Result<Carried, WitnessError> {
        let store = self.service.store;
        let membership = Membership::read(store)?.ok_or(FleetError::NotJoined)?;
        let owners = self.judge(&membership)?;
        self.end_leases(&owners)?;
        let runs = unfinished_copies(store)?.into_iter().map(|run| run.id).collect();
        let alive = owners.alive.iter().map(|run| Renewal {
            run: run.id.clone(),
            fence: run.fence,
            process: run.owner.process.clone(),
            iteration: run.iteration,
        });
        let ended = owners.ended.iter().map(|run| EndedOwner {
            run: run.id.clone(),
            fence: run.fence,
            process: run.owner.process.clone(),
        });
        let (alive, ended) = (alive.collect(), ended.collect());
        let (lease_ms, limit) = (self.lease_ms, MAX_CACHED_ROWS);
        let mut token = TokenLock::acquire(store, self.deadline)?;
        let asked = self.service.now();
        let request = |next| Request::Round { next, alive, ended, lease_ms, runs, limit };
        match token.rotate_with(self.database, &asked, self.deadline, request)? {
            (_, Answer::Round { renewed, ended, rows }) => {
                Ok(Carried { machine: membership.machine, asked, owners, renewed, ended: ended.len(), rows })
            }
            _ => Err(FleetError::Answer.into()),
        }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Finds out whether the database was restored from an older copy, or this directory is a copy of another machine's, and puts
    /// it right.
    fn find_out(&self, round: &mut Round) -> Result<(), WitnessError> {
        let now = self.service.now();
        let mut token = TokenLock::acquire(self.service.store, self.deadline)?;
        let mut connection = self.database.open(Some(token.membership.identity_in(self.service.store)), self.left())?;
        let seen = token.membership.identity_in(self.service.store).seen;
        let changes = Request::Changes { after: seen.clone(), limit: MAX_CHANGES };
        let Answer::Changes { mut standing, has_position, .. } = connection.ask(&changes, self.deadline)? else {
            return Err(FleetError::Answer.into());
        };
        let membership = &token.membership;
        // In a later epoch, another machine has recovered the database. This one only writes back what it knows.
        let is_lost = !has_position && standing.epoch == membership.epoch;
        if is_lost || standing.epoch < membership.epoch {
            standing =
                recovery::recover(&mut *connection, (membership.epoch, seen), standing, self.lease_ms, self.deadline)?;
        }
        drop(connection);
        let was_restored = standing.epoch != membership.epoch;
        match token.rotate(self.database, &now, self.deadline) {
            Err(error) if error.cause() == Some(Cause::UnknownToken) => {
                self.join_again(&mut token, was_restored, &now, round)?;
            }
            rotated => drop(rotated?),
        }
        if was_restored {
            self.write_back(&mut token, &standing, &now, round)?;
        }
        Ok(())
    }

    /// The database does not know this machine. If it was restored, the machine joined after the copy was made. Otherwise this
    /// state directory is a copy of another machine's.
    fn join_again(
        &self,
        token: &mut TokenLock<'_>,
        was_restored: bool,
        now: &Timestamp,
        round: &mut Round,
    ) -> Result<(), WitnessError> {
        if was_restored {
            let (machine, epoch) = (token.membership.machine.clone(), token.membership.epoch);
            token.join_again(self.database, machine, now, self.deadline)?;
            return Ok(token.change(|membership| membership.epoch = epoch)?);
        }
        token.join_again(self.database, new_machine()?, now, self.deadline)?;
        self.drop_leases(now)?;
        round.notices.push(format!(
            "this state directory is a copy of another machine's, so it is the new machine {} of the fleet now",
            token.membership.machine
        ));
        Ok(())
    }

    /// Writes back what this machine knows and the restored database may not.
    fn write_back(
        &self,
        token: &mut TokenLock<'_>,
        standing: &Standing,
        now: &Timestamp,
        round: &mut Round,
    ) -> Result<(), WitnessError> {
        let runs = fleet_runs(self.service.store, &token.membership)?;
        self.drop_leases(now)?;
        let (epoch, newest) = (standing.epoch, standing.newest.clone());
        let identity = Identity { epoch, seen: newest.clone(), ..token.membership.identity(None) };
        let mut connection = self.database.open(Some(identity), self.left())?;
        let left_out = recovery::restore(&mut *connection, &runs, self.lease_ms, self.deadline)?;
        let written = runs.len().saturating_sub(left_out.len());
        let replaced = recovery::without_row(&mut *connection, left_out, self.deadline)?;
        // Before the epoch is stored: if this is killed, the next round does all of it again.
        let mut locked = self.service.store.lock(Instant::now() + LOCK_WAIT, now)?;
        let released = release(self.service, &mut locked, &replaced, ReleaseCause::ReplacedAfterRestore, now)?;
        drop(locked);
        let notice = recovery::notice(written, &released);
        token.change(|membership| {
            (membership.epoch, membership.newest) = (epoch, newest);
            membership.restored = Some(RestoredDatabase { at: now.clone(), notice: notice.clone() });
        })?;
        round.notices.push(notice);
        Ok(())
    }

    fn drop_leases(&self, now: &Timestamp) -> Result<(), WitnessError> {
        let locked = self.service.store.lock(Instant::now() + LOCK_WAIT, now)?;
        Leases::drop_all(self.service.store)?;
        drop(locked);
        Ok(())
    }

    /// Ends the leases of owners that have ended, before the fleet hears of it: an owner that comes back must not go on with its
    /// lease while another has the run.
    fn end_leases(&self, owners: &Owners) -> Result<(), WitnessError> {
        if !owners.ended.is_empty() {
            let gone =
                |run: &RunId, lease: &Lease| owners.ended.iter().any(|ended| ended.id == *run && lease.is_of(ended));
            let locked = self.service.store.lock(Instant::now() + LOCK_WAIT, &self.service.now())?;
            Leases::update(self.service.store, |known| known.leases.retain(|run, lease| !gone(run, lease)))?;
            drop(locked);
        }
        Ok(())
    }

    /// Writes down which leases were renewed.
    fn keep_leases(&self, carried: &Carried) -> Result<(), WitnessError> {
        let Carried { asked, owners: Owners { alive, .. }, renewed, .. } = carried;
        let renewed: BTreeSet<&RunId> = renewed.iter().collect();
        let locked = self.service.store.lock(Instant::now() + LOCK_WAIT, asked)?;
        // A run may have another owner by now, who got a lease of its own.
        let own = own_runs(self.service.store, &carried.machine)?;
        let is_owner = |run: &&Run| own.iter().any(|now| now.id == run.id && is_same_owner(now, run));
        let refused = |run: &&Run| is_owner(run) && !renewed.contains(&run.id);
        Leases::update(self.service.store, |known| {
            let leases = &mut known.leases;
            leases.retain(|id, lease| own.iter().any(|run| run.id == *id && lease.is_of(run)));
            alive.iter().filter(refused).for_each(|run| drop(leases.remove(&run.id)));
            for run in alive.iter().filter(|run| renewed.contains(&run.id)).filter(is_owner) {
                leases.insert(run.id.clone(), Lease::new(run, asked, self.lease_ms));
            }
        })?;
        drop(locked);
        Ok(())
    }

    /// Judges the owners on this machine by the rules that judge any launch.
    fn judge(&self, membership: &Membership) -> Result<Owners, WitnessError> {
        let store = self.service.store;
        let check = LivenessCheck::new(self.service.inspector);
        let mut owners = Owners::default();
        for run in own_runs(store, &membership.machine)? {
            match owner_liveness(store, &check, &run) {
                Live::Yes => owners.alive.push(run),
                Live::No => owners.ended.push(run),
                Live::Unknown => owners.unknown += 1,
            }
        }
        Ok(owners)
    }

    /// Brings the copies of this machine in line with their rows.
    fn refresh(&self, rows: Rows, read: Timestamp, round: &mut Round) -> Result<(), WitnessError> {
        let store = self.service.store;
        let copies = unfinished_copies(store)?;
        let outdated = rows.rows.iter().filter(|row| {
            let newest = row.run.fleet.as_ref().map(|fleet| fleet.revision);
            copies.iter().any(|copy| copy.id == row.run.id && copy.fleet.as_ref().map(|fleet| fleet.revision) < newest)
        });
        let commands: Vec<Command> =
            outdated.map(|row| Command::Refresh { run: Box::new(row.run.clone()), project: None }).collect();
        if !commands.is_empty() {
            self.fleet.know(rows.rows.clone());
            let now = self.service.now();
            let mut locked: LockedStore<'_> = store.lock(Instant::now() + LOCK_WAIT, &now)?;
            round.refreshed = self.service.refresh_copies(&mut locked, commands, &now)?.len();
            round.notices.extend(locked.take_reports());
        }
        CachedRows::keep(store, read, rows);
        Ok(())
    }
}

/// Returns whether a refusal says that the database or this state directory is not the one that it was.
const fn is_about_identity(cause: Cause) -> bool {
    matches!(cause, Cause::Restored | Cause::OtherEpoch | Cause::UnknownToken)
}

/// Returns whether a run has the same owner in two records.
fn is_same_owner(one: &Run, other: &Run) -> bool {
    (one.fence, &one.owner.process) == (other.fence, &other.owner.process)
}

/// Returns the unfinished fleet runs of this state directory.
fn unfinished_copies(store: &Store) -> Result<Vec<Run>, StoreError> {
    let mut copies = Vec::new();
    for id in store.runs(Location::Live)? {
        if let Reading::Live(run) = store.read(|view| view.run(&id))?
            && run.fleet.is_some()
            && run.status.is_unfinished()
        {
            copies.push(run);
        }
    }
    Ok(copies)
}

/// Returns the unfinished runs whose owner is on this machine.
fn own_runs(store: &Store, machine: &MachineId) -> Result<Vec<Run>, StoreError> {
    let mut runs = unfinished_copies(store)?;
    runs.retain(|run| run.fleet.as_ref().is_some_and(|fleet| fleet.machine.as_ref() == Some(machine)));
    Ok(runs)
}

/// Returns every run of the fleet in this state directory, also those that have ended.
fn fleet_runs(store: &Store, membership: &Membership) -> Result<Vec<Run>, StoreError> {
    let mut runs = unfinished_copies(store)?;
    for id in store.runs(Location::Archive)? {
        if let Reading::Archived(run) = store.read(|view| view.run(&id))? {
            runs.push(run);
        }
    }
    runs.retain(|run| run.fleet.as_ref().is_some_and(|fleet| fleet.fleet == membership.fleet));
    Ok(runs)
}

/// Returns whether the owner of a run is alive, by what this machine shows.
fn owner_liveness(store: &Store, check: &LivenessCheck<'_>, run: &Run) -> Live {
    let Some(id) = &run.owner.session else {
        return check.command(run, &store.supervisor_lock_path(run.project.as_deref(), &run.name));
    };
    let Ok(reading) = store.read(|view| view.session(id)) else { return Live::Unknown };
    let launch = reading.record().and_then(|session| Some((session, session.launch(&run.owner.process)?)));
    launch.map_or(Live::Unknown, |(session, launch)| check.launch(session, launch).live)
}
