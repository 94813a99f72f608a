//! Clients that take a run from each other: the recorded histories are linearizable, and reads from a standby are found out.

use agent_baton_core::run::{Run, Status};
use baton_fleet_model::database::SimulatedDatabase;
use baton_fleet_model::linearizability::{Action, NO_OWNER, Operation, Ownership, check};
use baton_fleet_model::random_request::{World, random_request};
use baton_fleet_model::server::{Fault, Server};
use baton_fleet_protocol::{Answer, CommitId, Identity, Position, Request, RowWrite, Token};
use fastrand::Rng;

const CLIENTS: u64 = 3;

/// What a client has read and will answer for, and when it called.
#[derive(Default, Clone)]
struct Client {
    read: Option<(Ownership, Option<(u64, u64)>)>,
}

/// Records a history of clients that read, take and lose answers.
fn record(seed: u64, reads_from: Fault) -> Vec<Operation> {
    let mut rng = Rng::with_seed(seed);
    let mut server = Server { primary: SimulatedDatabase::default(), ..Server::default() };
    let fleet: agent_baton_core::id::FleetId = "fleet".parse().unwrap();
    drop(server.call(None, &Request::Init { fleet: fleet.clone(), role: None }, Fault::None));
    let tokens: Vec<Token> = (0..CLIENTS).map(|client| Token::from_bits(u128::from(client))).collect();
    let machine = |client: u64| format!("machine-{client}").parse().unwrap();
    for client in 0..CLIENTS {
        let token = tokens[usize::try_from(client).unwrap()].clone();
        drop(server.call(None, &Request::Join { machine: machine(client), name: "name".into(), token }, Fault::None));
    }
    let sample = loop {
        if let Request::Commit { writes, .. } = random_request(&mut rng, &World::default())
            && let Some(write) = writes.into_iter().next()
        {
            // A cancelled run never changes again.
            break Run { status: Status::Active, ..write.run };
        }
    };
    server.replicate();
    let mut clients = vec![Client::default(); 3];
    let mut history = Vec::new();
    for time in 0..30 {
        let client = rng.u64(..CLIENTS);
        let index = usize::try_from(client).unwrap();
        let identity = Identity {
            fleet: fleet.clone(),
            epoch: 1,
            machine: machine(client),
            tokens: vec![tokens[index].clone()],
            seen: Position { change: 0, commit: None },
        };
        if rng.u32(..8) == 0 {
            server.deliver();
        }
        if rng.u32(..8) == 0 {
            server.replicate();
        }
        let fault = *rng.choice(&[Fault::None, Fault::None, Fault::AnswerLost, Fault::Delayed]).unwrap();
        let (called, answered) = (2 * time, Some(2 * time + 1));
        let Some((owner, before)) = clients[index].read.take() else {
            let request = Request::Read { runs: vec![sample.id.clone()], sessions: vec![], projects: vec![] };
            let Answer::Rows(rows) = server.call(Some(&identity), &request, reads_from) else { continue };
            let row = rows.rows.first();
            let owner =
                row.map_or(NO_OWNER, |row| Ownership { fence: row.run.fence.0, owner: u64::from(row.run.iteration) });
            clients[index].read = Some((owner, row.map(|row| (row.run.fleet.clone().unwrap().revision, row.version))));
            history.push(Operation { run: 1, called, answered, action: Action::Read(owner) });
            continue;
        };
        let next = Ownership { fence: owner.fence + 1, owner: time + 100 };
        let mut run = sample.clone();
        run.fence.0 = next.fence;
        run.iteration = u32::try_from(next.owner).unwrap();
        let fleet = run.fleet.as_mut().unwrap();
        (fleet.revision, fleet.machine) = (before.unwrap_or_default().0 + 1, Some(identity.machine.clone()));
        let write = RowWrite { before, run, directory: None };
        let reason = agent_baton_core::reason::Reason::Adopted;
        let request =
            Request::Commit { commit: CommitId::from_bits(rng.u128(..)), reason, writes: vec![write], lease_ms: 1 };
        let done = match server.call(Some(&identity), &request, fault) {
            Answer::Committed { .. } => Some(true),
            Answer::Conflict { .. } => Some(false),
            _ => None,
        };
        let answered = answered.filter(|_| done.is_some());
        history.push(Operation {
            run: 1,
            called,
            answered,
            action: Action::Take { expected: owner.fence, next, done },
        });
    }
    history
}

#[test]
fn histories_of_the_database_are_linearizable() {
    for seed in 0..500 {
        assert_eq!(check(&record(seed, Fault::None)), Ok(()), "seed {seed}");
    }
}

#[test]
fn reads_from_a_standby_are_found_out() {
    let refused = (0..500).filter(|seed| check(&record(*seed, Fault::Standby)).is_err()).count();
    assert!(refused > 100, "{refused}");
}
