use agent_baton_core::fixtures;
use agent_baton_core::run::Run;
use baton_fleet_protocol::{Answer, Cause, Identity, NewHandoff, Position, Request};

use crate::machine::{LONG_MS, Machine, ask, check_failure, commit_id, init, machine, new_fleet, new_row, token};

const NOTHING: Position = Position { change: 0, commit: None };

#[test]
fn a_machine_joins_rotates_and_leaves() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    assert_eq!(a.ask(&Request::Rotate { next: token(2) }), Answer::Done);
    // The old token is gone. The next one is enough, also beside the old one.
    check_failure(a.ask(&Request::Rotate { next: token(3) }), Cause::UnknownToken, "token");
    let old = a.identity.tokens.clone();
    a.identity.tokens = vec![old[0].clone(), token(2)];
    let mut a = Machine::connect(&url, a.identity, LONG_MS);
    assert_eq!(a.ask(&Request::Rotate { next: token(2) }), Answer::Done);
    assert_eq!(a.read(&[]).rows, []);
    assert_eq!(a.ask(&Request::Leave), Answer::Done);
    check_failure(a.ask(&Request::Leave), Cause::UnknownToken, "token");
}

#[test]
fn joining_again_needs_the_token() {
    let Some((_, _, url)) = new_fleet() else { return };
    drop(Machine::join(&url, "a"));
    drop(Machine::join(&url, "a"));
    let other = Request::Join { machine: machine("a"), name: "b".into(), token: token(1) };
    check_failure(ask(&url, LONG_MS, &other), Cause::UnknownToken, "another token");
}

/// Returns every request that a machine makes that is in the fleet.
fn requests(run: &Run) -> Vec<(&'static str, Request)> {
    let (commit, handoff) = (commit_id(1), commit_id(2));
    let new = NewHandoff { session: fixtures::id("s1"), to: None, parts: 0, digest: "d".into(), project: None };
    vec![
        ("changes", Request::Changes { after: NOTHING, limit: 1 }),
        ("commit", crate::machine::commit(1, vec![new_row(run)])),
        ("renew", Request::Renew { alive: vec![], ended: vec![], lease_ms: 1 }),
        ("round", crate::machine::round(1)),
        (
            "put",
            Request::PutPart { session: fixtures::id("s1"), handoff: handoff.clone(), number: 0, bytes: String::new() },
        ),
        ("hand off", Request::HandOff { commit: handoff.clone(), handoff: new, writes: vec![] }),
        ("pick up", Request::PickUp { handoff: handoff.clone() }),
        ("remove", Request::RemoveArchive { handoff: handoff.clone() }),
        ("cancel", Request::CancelHandoff { handoff: handoff.clone() }),
        ("read", Request::Read { runs: vec![], sessions: vec![], projects: vec![] }),
        ("list", Request::List { limit: 1 }),
        ("part", Request::GetPart { handoff: handoff.clone(), number: 0 }),
        ("look up", Request::LookUp { commit: commit.clone() }),
        ("restore", Request::Restore { commit, rows: vec![], lease_ms: 1 }),
        ("recover", Request::Recover { epoch: 1, next: 2, seen: NOTHING, commit: handoff, lease_ms: 1 }),
        ("rotate", Request::Rotate { next: token(1) }),
        ("leave", Request::Leave),
        ("remove", Request::Remove { machine: machine("b") }),
        ("stored", Request::Stored),
    ]
}

#[test]
fn a_machine_that_is_not_the_one_that_joined_writes_nothing() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let a = Machine::join(&url, "a");
    let run = a.run("r1", "s1", 1);
    let check = |identity: &Identity, cause, names: &[&str]| {
        let mut run = run.clone();
        run.fleet.as_mut().unwrap().fleet = identity.fleet.clone();
        for (_, request) in requests(&run).iter().filter(|(name, _)| names.contains(name)) {
            check_failure(Machine::connect(&url, identity.clone(), LONG_MS).ask(request), cause, "");
        }
    };
    let reads = ["read", "list", "part", "look up", "stored"];
    let writes = ["commit", "renew", "round", "put", "hand off", "pick up", "remove archive", "cancel", "remove"];
    let others = ["rotate", "leave"];
    let member = [&reads[..], &writes, &others, &["restore"]].concat();
    let identity = a.identity;
    let fleet = Identity { fleet: "g".parse().unwrap(), ..identity.clone() };
    check(&fleet, Cause::OtherFleet, &[&member[..], &["changes", "recover"]].concat());
    check(&Identity { tokens: vec![token(1)], ..identity.clone() }, Cause::UnknownToken, &member);
    check(&Identity { epoch: 2, ..identity.clone() }, Cause::OtherEpoch, &[&writes[..], &["restore"]].concat());
    // What a machine has seen counts before its token and its epoch.
    let seen = Position { change: 9, commit: Some(commit_id(9)) };
    let restored = Identity { seen, tokens: vec![token(1)], epoch: 2, ..identity };
    check(&restored, Cause::Restored, &[&reads[..], &writes].concat());
    check(&restored, Cause::UnknownToken, &[&others[..], &["restore"]].concat());
    assert_eq!(postgres.sql(&database.name, "select count(*) from baton.run"), "0");
    assert_eq!(postgres.sql(&database.name, "select count(*) from baton.change"), "0");
    assert_eq!(init(&url).newest.change, 0);
}

#[test]
fn without_a_membership_only_reading_is_possible() {
    let Some((_, _, url)) = new_fleet() else { return };
    let a = Machine::join(&url, "a");
    let run = a.run("r1", "s1", 1);
    check_failure(ask(&url, LONG_MS, &Request::Leave), Cause::Protocol, "in a fleet");
    let write = crate::machine::commit(1, vec![crate::machine::new_row(&run)]);
    check_failure(ask(&url, LONG_MS, &write), Cause::Protocol, "in a fleet");
    let rows = crate::machine::rows(ask(&url, LONG_MS, &Request::List { limit: 9 }));
    assert_eq!((rows.machines.len(), rows.machines[0].name.as_str()), (1, "a"));
    assert_eq!((rows.standing.connection.as_str(), rows.standing.schema), ("unix socket", 1));
    assert!(rows.standing.server.starts_with(|char: char| char.is_ascii_digit()), "{:?}", rows.standing);
}

#[test]
fn a_machine_that_does_not_come_back_is_removed_by_another_one() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let (mut a, mut b) = (Machine::join(&url, "a"), Machine::join(&url, "b"));
    let run = b.run("r1", "s1", 1);
    assert!(matches!(b.ask(&crate::machine::commit(1, vec![new_row(&run)])), Answer::Committed { .. }));
    let remove = Request::Remove { machine: machine("b") };
    let owns = Answer::Conflict { runs: vec![fixtures::id("r1")] };
    assert_eq!(a.ask(&remove), owns);
    postgres.sql(&database.name, "update baton.run set status = 'done', record = record || '{\"status\": \"done\"}'");
    assert_eq!(a.ask(&remove), Answer::Conflict { runs: vec![] }, "its witness was there");
    postgres.sql(&database.name, "update baton.machine set seen = now() - interval '2 hours'");
    assert_eq!(a.ask(&Request::Remove { machine: machine("a") }), Answer::Conflict { runs: vec![] }, "itself");
    for _ in 0..2 {
        assert_eq!(a.ask(&remove), Answer::Done);
    }
    check_failure(b.ask(&Request::Leave), Cause::UnknownToken, "token");
    assert_eq!(postgres.sql(&database.name, "select id from baton.machine"), machine("a").as_str());
}
