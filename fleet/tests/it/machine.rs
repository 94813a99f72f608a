//! A machine of a fleet, as the tests play it.

use agent_baton_core::fence::Fence;
use agent_baton_core::fixtures;
use agent_baton_core::fleet::FleetRun;
use agent_baton_core::id::{FleetId, MachineId};
use agent_baton_core::reason::Reason;
use agent_baton_core::run::Run;
use baton_fleet::Service;
use baton_fleet_protocol::{
    Answer, Cause, CommitId, Database, Failure, Identity, Opening, Position, Request, Row, RowWrite, Rows, Secret,
    Standing, Token, VERSION,
};
use baton_test_postgres::{Postgres, TestDatabase};

/// How long a lease lasts in the tests.
pub const LEASE_MS: u64 = 300_000;

/// How long a request may take where the test is not about time.
pub const LONG_MS: u64 = 60_000;

/// A machine, with its connection.
pub struct Machine {
    service: Service,
    pub identity: Identity,
    pub url: String,
}

/// Returns an opening.
pub fn opening(url: &str, identity: Option<Identity>, timeout_ms: u64) -> Opening {
    let database = Database { url: Secret::new(url.to_owned()), password_file: None, service_file: None };
    Opening { version: VERSION.to_owned(), database, identity, timeout_ms }
}

/// Answers one request without a machine.
pub fn ask(url: &str, timeout_ms: u64, request: &Request) -> Answer {
    Service::new(&opening(url, None, timeout_ms)).unwrap().answer(request)
}

/// Makes the schema and the fleet `f` of a database.
pub fn init(url: &str) -> Standing {
    match ask(url, LONG_MS, &Request::Init { fleet: fleet(), role: None }) {
        Answer::Ready(standing) => standing,
        other => panic!("{other:?}"),
    }
}

pub fn fleet() -> FleetId {
    fixtures::id("f")
}

pub fn machine(name: &str) -> MachineId {
    fixtures::id(name)
}

pub fn token(number: u128) -> Token {
    Token::from_bits(number)
}

pub fn commit_id(number: u128) -> CommitId {
    CommitId::from_bits(number)
}

/// Returns the shared server's URL of a new database with a fleet.
pub fn new_fleet() -> Option<(&'static Postgres, TestDatabase, String)> {
    let postgres = Postgres::shared()?;
    let database = postgres.database();
    let url = postgres.socket_url(&database);
    init(&url);
    Some((postgres, database, url))
}

impl Machine {
    /// Lets a machine join the fleet.
    pub fn join(url: &str, name: &str) -> Self {
        Self::join_with(url, name, LONG_MS)
    }

    /// Like [`Self::join`], with a time limit for its requests.
    pub fn join_with(url: &str, name: &str, timeout_ms: u64) -> Self {
        let first = token(name.bytes().fold(7, |sum, byte| sum * 251 + u128::from(byte)));
        let request = Request::Join { machine: machine(name), name: name.to_owned(), token: first.clone() };
        let joined = ask(url, LONG_MS, &request);
        let Answer::Joined(standing) = joined else { panic!("{joined:?}") };
        let identity = Identity {
            fleet: standing.fleet,
            epoch: standing.epoch,
            machine: machine(name),
            tokens: vec![first],
            seen: Position { change: 0, commit: None },
        };
        Self::connect(url, identity, timeout_ms)
    }

    /// Returns a machine that has joined before.
    pub fn connect(url: &str, identity: Identity, timeout_ms: u64) -> Self {
        let service = Service::new(&opening(url, Some(identity.clone()), timeout_ms)).unwrap();
        Self { service, identity, url: url.to_owned() }
    }

    pub fn ask(&mut self, request: &Request) -> Answer {
        self.service.answer(request)
    }

    /// Returns a run of this machine, for a session and a process.
    pub fn run(&self, id: &str, session: &str, pid: u32) -> Run {
        let fleet = FleetRun {
            fleet: fleet(),
            revision: 1,
            machine: Some(self.identity.machine.clone()),
            project: "git.example/project".to_owned(),
        };
        Run { fleet: Some(fleet), ..fixtures::run(id, session, pid) }
    }

    pub fn commit(&mut self, id: u128, writes: Vec<RowWrite>) -> Answer {
        self.ask(&commit(id, writes))
    }

    /// Writes a new run.
    pub fn add(&mut self, id: u128, run: &Run) {
        let answer = self.commit(id, vec![new_row(run)]);
        assert!(matches!(answer, Answer::Committed { .. }), "{answer:?}");
    }

    pub fn read(&mut self, runs: &[&str]) -> Rows {
        let runs = runs.iter().map(|id| fixtures::id(id)).collect();
        rows(self.ask(&Request::Read { runs, sessions: Vec::new(), projects: Vec::new() }))
    }

    /// Returns the only row of a run.
    pub fn row(&mut self, run: &str) -> Row {
        let mut rows = self.read(&[run]);
        assert!(rows.unreadable.is_empty() && rows.rows.len() == 1, "{rows:?}");
        rows.rows.pop().unwrap()
    }
}

pub fn rows(answer: Answer) -> Rows {
    match answer {
        Answer::Rows(rows) => rows,
        other => panic!("{other:?}"),
    }
}

pub fn failure(answer: Answer) -> Failure {
    match answer {
        Answer::Failed(failure) => {
            assert!(!failure.message.contains("sEcret") && !failure.message.contains('\n'), "{failure:?}");
            failure
        }
        other => panic!("{other:?}"),
    }
}

/// Checks the kind of a failure and a part of its message.
pub fn check_failure(answer: Answer, cause: Cause, part: &str) {
    let failure = failure(answer);
    assert_eq!(failure.cause, cause, "{failure:?}");
    assert!(failure.message.contains(part), "{failure:?} has no {part:?}");
}

/// Returns the round of a witness that has no owners. Its next token is that of this number.
pub fn round(next: u128) -> Request {
    Request::Round { next: token(next), alive: vec![], ended: vec![], lease_ms: LEASE_MS, runs: vec![], limit: 9 }
}

pub fn commit(id: u128, writes: Vec<RowWrite>) -> Request {
    Request::Commit { commit: commit_id(id), reason: Reason::Registered, writes, lease_ms: LEASE_MS }
}

pub fn new_row(run: &Run) -> RowWrite {
    RowWrite { before: None, run: run.clone(), directory: Some("project".to_owned()) }
}

/// Returns the write of a row that was read, changed by `change`.
pub fn changed(row: &Row, change: impl FnOnce(&mut Run)) -> RowWrite {
    let mut run = row.run.clone();
    let revision = run.fleet.as_ref().unwrap().revision;
    run.fleet.as_mut().unwrap().revision = revision + 1;
    change(&mut run);
    RowWrite { before: Some((revision, row.version)), run, directory: None }
}

/// Gives a run to a machine and a process.
pub fn take(run: &mut Run, by: &str, pid: u32) {
    run.fence = Fence(run.fence.0 + 1);
    run.owner.process = fixtures::process(pid);
    run.fleet.as_mut().unwrap().machine = Some(machine(by));
}
