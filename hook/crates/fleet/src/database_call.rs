//! What one call of baton asks the fleet's database, and what it learnt.

use std::time::{Duration, Instant};

use agent_baton_core::id::RunId;
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::{Answer, Cause, CommitId, Machine, Request, Row};
use baton_store::Store;

use crate::connection::{Connect, Connection};
use crate::error::FleetError;
use crate::lease::Leases;
use crate::marker::Marker;
use crate::membership::Membership;
use crate::outage::Outage;
use crate::question::Question;
use crate::token::TokenLock;

/// How long the lock is kept for the database at most. Other calls on this machine wait meanwhile.
pub(crate) const LOCKED_WAIT: Duration = Duration::from_millis(200);

/// After how long a database that fails counts as one that does not answer. What fails at once costs the next event nothing.
const SLOW: Duration = Duration::from_millis(200);

/// How long a call waits for the database in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// An event of an agent: one second, and nothing after an outage.
    Event,
    /// A command, for which a user waits: ten seconds.
    Command,
}

impl Waiting {
    /// Returns how long.
    #[must_use]
    pub const fn limit(self) -> Duration {
        match self {
            Self::Event => Duration::from_secs(1),
            Self::Command => Duration::from_secs(10),
        }
    }
}

/// What one call knows of the database.
#[derive(Default)]
pub(crate) struct DatabaseCall {
    /// The membership, once it was needed. What concerns no run of the fleet does not read it.
    pub(crate) membership: Option<Membership>,
    pub(crate) connection: Option<Box<dyn Connection>>,
    /// When the call stops waiting for the database.
    pub(crate) deadline: Option<Instant>,
    /// Which rows the decision needs. `None` if it concerns no run of the fleet.
    pub(crate) question: Option<Question>,
    pub(crate) rows: Vec<Row>,
    pub(crate) machines: Vec<Machine>,
    /// Whether `rows` are what the database has.
    pub(crate) reached: bool,
    pub(crate) problem: Option<FleetError>,
    /// The runs with which this call went on although the database did not answer, because a lease covers them.
    pub(crate) on_lease: Vec<RunId>,
    /// The runs with which it must not.
    pub(crate) off_lease: Vec<RunId>,
    pub(crate) conflicts: u32,
    /// Whether nobody knows what became of a commit of this call.
    pub(crate) in_doubt: bool,
    pub(crate) committed: Option<CommittedRows>,
}

/// What the database committed for this call.
pub(crate) struct CommittedRows {
    pub(crate) commit: CommitId,
    pub(crate) change: u64,
    pub(crate) asked: Timestamp,
}

/// Who asks the database: which records are concerned, how long it waits, and with which clock.
pub(crate) struct Caller<'a> {
    store: &'a Store,
    database: Box<dyn Connect + 'a>,
    waiting: Waiting,
    clock: Box<dyn Fn() -> Timestamp + 'a>,
}

impl<'a> Caller<'a> {
    /// Returns who asks about the records of `store`.
    pub(crate) fn new(
        store: &'a Store,
        database: Box<dyn Connect + 'a>,
        waiting: Waiting,
        clock: Box<dyn Fn() -> Timestamp + 'a>,
    ) -> Self {
        Self { store, database, waiting, clock }
    }

    /// Returns the time on this machine.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Reads the membership, unless this call did before.
    pub(crate) fn read_membership(&self, call: &mut DatabaseCall) {
        if call.membership.is_none() {
            match Membership::read(self.store) {
                Ok(membership) => call.membership = membership,
                Err(error) => call.problem = Some(error.into()),
            }
        }
    }

    /// Reads the rows of the question. The call's time begins with the first question.
    pub(crate) fn begin(&self, call: &mut DatabaseCall) {
        let deadline = *call.deadline.get_or_insert_with(|| Instant::now() + self.waiting.limit());
        self.read_rows(call, deadline);
    }

    /// Connects if that has not been done, and reads the rows that the decision needs.
    pub(crate) fn read_rows(&self, call: &mut DatabaseCall, deadline: Instant) {
        match self.try_read(call, deadline) {
            Ok((rows, machines)) => {
                (call.rows, call.machines) = (rows, machines);
                call.reached = true;
                call.problem = None;
                Outage::end(self.store);
            }
            Err(error) => self.lose(call, error),
        }
    }

    fn try_read(&self, call: &mut DatabaseCall, deadline: Instant) -> Result<(Vec<Row>, Vec<Machine>), FleetError> {
        let Some(question) = call.question.clone() else { return Ok((Vec::new(), Vec::new())) };
        if self.waiting == Waiting::Event
            && call.connection.is_none()
            && let Some(outage) = Outage::in_force(self.store, &(self.clock)())
        {
            return Err(FleetError::Outage { problem: outage.problem });
        }
        let Question { runs, sessions, projects, .. } = question;
        let request = Request::Read { runs, sessions, projects };
        let answer = self.ask_as_member(call, &request, deadline)?;
        let Answer::Rows(rows) = answer else { return Err(FleetError::Answer) };
        Ok((rows.rows, rows.machines))
    }

    /// Asks as the machine that this state directory is. If the database does not know the token, another call may have
    /// replaced it meanwhile, so this looks once more.
    fn ask_as_member(
        &self,
        call: &mut DatabaseCall,
        request: &Request,
        deadline: Instant,
    ) -> Result<Answer, FleetError> {
        let now = (self.clock)();
        if call.membership.as_ref().is_some_and(|membership| membership.must_rotate(&now)) {
            let mut token = TokenLock::acquire(self.store, deadline)?;
            call.connection = Some(token.rotate(&*self.database, &now, deadline)?);
            call.membership = Some(token.membership);
        }
        match self.ask(call, request, deadline) {
            Err(error) if error.cause() == Some(Cause::UnknownToken) => {
                let read = Membership::read(self.store)?;
                if read == call.membership {
                    return Err(error);
                }
                call.membership = read;
                call.connection = None;
                self.ask(call, request, deadline)
            }
            answer => answer,
        }
    }

    fn ask(&self, call: &mut DatabaseCall, request: &Request, deadline: Instant) -> Result<Answer, FleetError> {
        if call.connection.is_none() {
            let identity = call.membership.as_ref().map(|membership| membership.identity_in(self.store));
            let left = deadline.saturating_duration_since(Instant::now());
            call.connection = Some(self.database.open(identity, left)?);
        }
        let connection = call.connection.as_mut().ok_or(FleetError::Answer)?;
        connection.ask(request, deadline)
    }

    /// Goes on without the database.
    pub(crate) fn lose(&self, call: &mut DatabaseCall, error: FleetError) {
        let left = call.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let was_slow = left.is_some_and(|left| self.waiting.limit().saturating_sub(left) >= SLOW);
        if self.waiting == Waiting::Event && was_slow {
            Outage::note(self.store, (self.clock)(), error.to_string());
        }
        call.connection = None;
        call.reached = false;
        call.rows = Vec::new();
        call.problem = Some(error);
    }

    /// Finds out what became of a commit whose call was killed, under the lock. Then reads the rows again.
    pub(crate) fn resolve_marker(&self, call: &mut DatabaseCall) {
        let Ok(Some(marker)) = Marker::read(self.store) else { return };
        if !call.reached {
            return;
        }
        let deadline = Instant::now() + LOCKED_WAIT;
        let looked_up = self.ask(call, &Request::LookUp { commit: marker.commit.clone() }, deadline);
        match looked_up {
            Ok(answer @ (Answer::Committed { .. } | Answer::Withdrawn)) => {
                // The copies of its runs may stay behind their rows when the marker is gone, if this decision is about others.
                let happened = matches!(answer, Answer::Committed { .. });
                let ended = Leases::update(self.store, |known| {
                    known.leases.retain(|run, _| !(happened && marker.runs.contains(run)));
                });
                if ended.and_then(|()| Marker::remove(self.store, &marker.commit)).is_ok() {
                    self.read_rows(call, deadline);
                }
            }
            Ok(_) => self.lose(call, FleetError::Answer),
            Err(error) => self.lose(call, error),
        }
    }
}
