use agent_baton_core::fence::Fence;
use agent_baton_core::fixtures;
use baton_fleet_protocol::{Answer, Position, Renewal, Request};
use baton_test_postgres::{Fault, Postgres, Proxy};

use crate::machine::{LONG_MS, Machine, changed, init, new_fleet, new_row, token};

#[test]
fn each_request_is_one_statement_on_one_connection() {
    let Some((postgres, database, _)) = new_fleet() else { return };
    let proxy = Proxy::start(postgres.port());
    let url = Postgres::url_at(&database, "127.0.0.1", proxy.port());
    let joined = Machine::join(&url, "a");
    let (connections, mut statements) = (proxy.connections(), proxy.statements());
    let mut a = Machine::connect(&url, joined.identity.clone(), LONG_MS);
    let run = a.run("r1", "s1", 1);
    let mut expect = |a: &mut Machine, request: &Request, number: u64| {
        let answer = a.ask(request);
        assert!(!matches!(answer, Answer::Failed(_)), "{answer:?}");
        assert_eq!(proxy.statements() - statements, number, "{request:?}");
        statements = proxy.statements();
        assert_eq!(proxy.connections(), connections + 1);
    };
    expect(&mut a, &Request::Read { runs: vec![], sessions: vec![], projects: vec![] }, 1);
    expect(&mut a, &crate::machine::commit(1, vec![new_row(&run)]), 1);
    let alive = vec![Renewal { run: fixtures::id("r1"), fence: Fence(1), process: fixtures::process(1), iteration: 1 }];
    expect(&mut a, &Request::Renew { alive, ended: vec![], lease_ms: 1 }, 1);
    expect(&mut a, &Request::List { limit: 9 }, 1);
    expect(&mut a, &Request::Changes { after: Position { change: 0, commit: None }, limit: 9 }, 1);
    expect(&mut a, &Request::LookUp { commit: crate::machine::commit_id(1) }, 1);
    expect(&mut a, &Request::Rotate { next: token(3) }, 1);
    // The schema is there, so only its number is read.
    expect(&mut a, &Request::Init { fleet: fixtures::id("f"), role: None }, 2);
    init(&url);
}

#[test]
fn a_conflict_is_one_statement() {
    let Some((postgres, database, _)) = new_fleet() else { return };
    let proxy = Proxy::start(postgres.port());
    let mut a = Machine::join(&Postgres::url_at(&database, "127.0.0.1", proxy.port()), "a");
    a.add(1, &a.run("r1", "s1", 1));
    let row = a.row("r1");
    a.commit(2, vec![changed(&row, |run| run.iteration = 1)]);
    let statements = proxy.statements();
    assert!(matches!(a.commit(3, vec![changed(&row, |run| run.iteration = 2)]), Answer::Conflict { .. }));
    assert_eq!(proxy.statements() - statements, 1);
}

#[test]
fn the_round_of_a_witness_is_one_round_trip() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let mut other = Machine::join(&url, "other");
    other.add(1, &other.run("r1", "s1", 1));
    let proxy = Proxy::start(postgres.port());
    let mut a = Machine::join(&Postgres::url_at(&database, "127.0.0.1", proxy.port()), "a");
    let (connections, statements) = (proxy.connections(), proxy.statements());
    proxy.next(Fault::DelayAnswer);
    let asking = std::thread::spawn(move || a.ask(&crate::machine::round(5)));
    // Both statements are there before the first one is answered.
    proxy.wait_for_statements(statements + 2);
    proxy.wait_until_delayed();
    proxy.release();
    let Answer::Round { rows, .. } = asking.join().unwrap() else { panic!("no round") };
    assert_eq!(rows.rows.len(), 1);
    assert_eq!((proxy.connections() - connections, proxy.statements() - statements), (1, 2));
}
