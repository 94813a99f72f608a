use baton_fleet_protocol::{Answer, Cause, Identity, Request};

use crate::machine::{LONG_MS, Machine, ask, check_failure, init, machine, new_fleet, token};

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

#[test]
fn a_machine_that_is_not_the_one_that_joined_writes_nothing() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let a = Machine::join(&url, "a");
    let run = a.run("r1", "s1", 1);
    let check = |identity: Identity, cause| {
        let mut run = run.clone();
        run.fleet.as_mut().unwrap().fleet = identity.fleet.clone();
        let mut other = Machine::connect(&url, identity, LONG_MS);
        for request in [
            crate::machine::commit(1, vec![crate::machine::new_row(&run)]),
            Request::LookUp { commit: crate::machine::commit_id(1) },
            Request::Renew { alive: vec![], ended: vec![], lease_ms: 1 },
            Request::Rotate { next: token(1) },
            Request::Read { runs: vec![], sessions: vec![], projects: vec![] },
            Request::List { limit: 1 },
            Request::Leave,
        ] {
            check_failure(other.ask(&request), cause, "");
        }
    };
    let identity = a.identity;
    check(Identity { fleet: "g".parse().unwrap(), ..identity.clone() }, Cause::OtherFleet);
    check(Identity { epoch: 2, ..identity.clone() }, Cause::OtherEpoch);
    check(Identity { tokens: vec![token(1)], ..identity }, Cause::UnknownToken);
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
