//! Random requests, for comparing a real database with the simulated one.

use agent_baton_core::agent::Agent;
use agent_baton_core::fence::Fence;
use agent_baton_core::fleet::FleetRun;
use agent_baton_core::id::{MachineId, RunId, SessionId};
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Process;
use agent_baton_core::reason::Reason;
use agent_baton_core::run::{Owner, Run, Status};
use agent_baton_core::timestamp::Timestamp;
use baton_fleet_protocol::{
    CommitId, EndedOwner, Identity, NewHandoff, Position, Renewal, Request, RowWrite, Token, to_row_record,
};
use fastrand::Rng;

use crate::database::SimulatedDatabase;

/// How many ids of each kind there are. Few, so that requests meet.
const IDS: u64 = 4;

/// How long a lease lasts, in milliseconds.
const LEASE_MS: u64 = 300_000;

/// What a random request is about.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// What the database has. Most requests fit it, and some are outdated.
    pub database: SimulatedDatabase,
}

/// Returns the identity of a random machine. Most have the right token and epoch.
#[must_use]
pub fn random_identity(rng: &mut Rng, world: &World) -> Option<Identity> {
    let machine = machine(rng);
    let token = world.database.machines.get(&machine).and_then(|row| row.token.clone());
    let tokens = token.filter(|_| !once_in(rng, 20)).unwrap_or_else(|| Token::from_bits(rng.u128(..)));
    let epoch = world.database.epoch + u64::from(once_in(rng, 20));
    let seen = position(rng, &world.database);
    let seen = if once_in(rng, 20) || world.database.has_position(&seen) { seen } else { world.database.newest() };
    Some(Identity { fleet: world.database.fleet.clone()?, epoch, machine, tokens: vec![tokens], seen })
}

/// Returns a random request. Never [`Request::PrintSchema`], for which no database is asked.
#[must_use]
pub fn random_request(rng: &mut Rng, world: &World) -> Request {
    let database = &world.database;
    let commit = commit_id(rng, database);
    match rng.u32(..33) {
        0 => Request::Init { fleet: "fleet".parse().unwrap(), role: None },
        1 | 2 => Request::Join { machine: machine(rng), name: "a name".into(), token: Token::from_bits(rng.u128(..)) },
        3 if once_in(rng, 4) => Request::Leave,
        3 if once_in(rng, 4) => Request::Remove { machine: machine(rng) },
        3 if once_in(rng, 4) => Request::Stored,
        3 | 4 => Request::Rotate { next: Token::from_bits(rng.u128(..)) },
        5..=7 => Request::Read {
            runs: some(rng, run_id),
            sessions: some(rng, session),
            projects: some(rng, |rng| format!("project-{}", rng.u64(..2))),
        },
        8 | 9 => Request::List { limit: rng.u32(..6) },
        10 | 11 => Request::Changes { after: position(rng, database), limit: rng.u32(..6) },
        12..=18 => Request::Commit {
            commit,
            reason: Reason::Updated,
            writes: distinct(some(rng, |rng| write(rng, database))),
            lease_ms: LEASE_MS,
        },
        19 => Request::LookUp { commit },
        20..=22 => {
            let (alive, mut ended) = (renewals(rng, database), ends(rng, database));
            ended.retain(|owner| alive.iter().all(|renewal| renewal.run != owner.run));
            if rng.bool() {
                let (next, runs, limit) = (Token::from_bits(rng.u128(..)), some(rng, run_id), rng.u32(..6));
                Request::Round { next, alive, ended, lease_ms: LEASE_MS, runs, limit }
            } else {
                Request::Renew { alive, ended, lease_ms: LEASE_MS }
            }
        }
        23 => Request::Recover {
            epoch: database.epoch + u64::from(once_in(rng, 4)),
            next: database.epoch + 1 + rng.u64(..2),
            seen: position(rng, database),
            commit,
            lease_ms: LEASE_MS,
        },
        24 => Request::Restore { commit, rows: distinct(some(rng, |rng| write(rng, database))), lease_ms: LEASE_MS },
        25 | 26 => Request::PutPart {
            session: session(rng),
            handoff: commit,
            number: rng.u32(..2),
            bytes: format!("{:08x}", rng.u32(..)),
        },
        27 | 28 => hand_off(rng, database),
        29 => Request::GetPart { handoff: handoff(rng, database), number: rng.u32(..2) },
        30 => Request::PickUp { handoff: handoff(rng, database) },
        31 => Request::RemoveArchive { handoff: handoff(rng, database) },
        _ => Request::CancelHandoff { handoff: handoff(rng, database) },
    }
}

fn once_in(rng: &mut Rng, times: u32) -> bool {
    rng.u32(..times) == 0
}

fn some<T>(rng: &mut Rng, mut one: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    (0..rng.u32(..3)).map(|_| one(rng)).collect()
}

fn distinct(mut writes: Vec<RowWrite>) -> Vec<RowWrite> {
    writes.sort_by(|one, other| one.run.id.cmp(&other.run.id));
    writes.dedup_by(|one, other| one.run.id == other.run.id);
    writes
}

fn machine(rng: &mut Rng) -> MachineId {
    format!("machine-{}", rng.u64(..3)).parse().unwrap()
}

fn run_id(rng: &mut Rng) -> RunId {
    format!("run-{}", rng.u64(..IDS)).parse().unwrap()
}

fn session(rng: &mut Rng) -> SessionId {
    format!("session-{}", rng.u64(..IDS)).parse().unwrap()
}

fn process(rng: &mut Rng) -> Process {
    Process { pid: rng.u32(1..4), start: 7, boot: "boot".into(), machine: "host".into(), pidns: 1 }
}

/// Most commits are new. Some have an id that the feed has, or the id of a part.
fn commit_id(rng: &mut Rng, database: &SimulatedDatabase) -> CommitId {
    let known = database.changes.iter().map(|line| &line.commit).chain(database.parts.keys().map(|(id, _)| id));
    let known: Vec<&CommitId> = known.collect();
    match rng.choice(&known) {
        Some(id) if once_in(rng, 4) => (*id).clone(),
        _ => CommitId::from_bits(rng.u128(..)),
    }
}

fn handoff(rng: &mut Rng, database: &SimulatedDatabase) -> CommitId {
    let known: Vec<&CommitId> = database.handoffs.keys().collect();
    rng.choice(&known).map_or_else(|| CommitId::from_bits(rng.u128(..)), |id| (*id).clone())
}

fn position(rng: &mut Rng, database: &SimulatedDatabase) -> Position {
    let beyond = u64::from(once_in(rng, 8));
    let change = rng.u64(..=database.changes.len() as u64 + beyond);
    let line = usize::try_from(change).unwrap().checked_sub(1).and_then(|index| database.changes.get(index));
    let commit = line.map(|line| line.commit.clone()).filter(|_| !once_in(rng, 8));
    let commit = commit.or_else(|| (change > 0).then(|| CommitId::from_bits(rng.u128(..))));
    Position { change, commit }
}

fn write(rng: &mut Rng, database: &SimulatedDatabase) -> RowWrite {
    let id = run_id(rng);
    let row = database.runs.get(&id);
    let before = row.map(|row| row.numbers()).filter(|_| !once_in(rng, 10));
    let before = before.map(|(revision, version)| (revision, version - u64::from(once_in(rng, 10))));
    let mut run = row.map_or_else(|| new_run(rng, &id), |row| row.run.clone());
    run.iteration += rng.u32(..2);
    if once_in(rng, 3) {
        run.owner.process = process(rng);
        run.fence = Fence(run.fence.0 + rng.u64(..2));
        run.fleet.as_mut().unwrap().machine = Some(machine(rng));
    }
    if once_in(rng, 8) {
        run.status = *rng.choice(&[Status::Done, Status::Cancelled, Status::Paused, Status::Active]).unwrap();
    }
    run.fleet.as_mut().unwrap().revision = before.unwrap_or_default().0 + 1;
    RowWrite { before, run, directory: Some("project".into()) }
}

fn hand_off(rng: &mut Rng, database: &SimulatedDatabase) -> Request {
    let mut writes = distinct(some(rng, |rng| write(rng, database)));
    for write in &mut writes {
        write.run.fleet.as_mut().unwrap().machine = None;
        write.run.fence = write.run.fence.next();
    }
    let parts: Vec<&CommitId> = database.parts.keys().map(|(id, _)| id).collect();
    let commit = rng.choice(&parts).map_or_else(|| CommitId::from_bits(rng.u128(..)), |id| (*id).clone());
    let to = once_in(rng, 2).then(|| machine(rng));
    let session = writes.first().and_then(|write| write.run.owner.session.clone()).unwrap_or_else(|| session(rng));
    let handoff = NewHandoff { session, to, parts: rng.u32(..3), digest: "0".repeat(64), project: None };
    Request::HandOff { commit, handoff, writes }
}

fn renewals(rng: &mut Rng, database: &SimulatedDatabase) -> Vec<Renewal> {
    let owners = ends(rng, database).into_iter();
    owners.map(|EndedOwner { run, fence, process }| Renewal { run, fence, process, iteration: rng.u32(..9) }).collect()
}

fn ends(rng: &mut Rng, database: &SimulatedDatabase) -> Vec<EndedOwner> {
    let mut owners: Vec<EndedOwner> = Vec::new();
    for (id, row) in database.runs.iter().filter(|_| once_in(rng, 2)).collect::<Vec<_>>() {
        let process = if once_in(rng, 8) { process(rng) } else { row.run.owner.process.clone() };
        owners.push(EndedOwner {
            run: id.clone(),
            fence: Fence(row.run.fence.0 + u64::from(once_in(rng, 8))),
            process,
        });
    }
    owners
}

fn new_run(rng: &mut Rng, id: &RunId) -> Run {
    let now = Timestamp { unix_ms: 1_700_000_000_000, boot: "boot".into(), boot_ms: 1 };
    let supervised = once_in(rng, 4);
    let owner = Owner {
        agent: (!supervised).then_some(Agent::Claude),
        session: (!supervised).then(|| session(rng)),
        process: process(rng),
        pane: Pane::Unknown,
        child: None,
    };
    to_row_record(&Run {
        id: id.clone(),
        revision: 0,
        name: format!("name {}", rng.u64(..2)).try_into().unwrap(),
        status: Status::Active,
        phase: None,
        iteration: 0,
        max_iterations: None,
        owner,
        fence: Fence::FIRST,
        history: Vec::new(),
        project: None,
        directory: None,
        created: now.clone(),
        updated: now,
        finished: None,
        stop_reason: None,
        loop_state: None,
        fleet: Some(FleetRun {
            fleet: "fleet".parse().unwrap(),
            revision: 0,
            machine: Some(machine(rng)),
            project: format!("project-{}", rng.u64(..2)),
        }),
    })
}
