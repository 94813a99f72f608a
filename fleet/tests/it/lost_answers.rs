use agent_baton_core::fixtures;
use baton_fleet_protocol::{Answer, Cause, Request};
use baton_test_postgres::{Fault, Postgres, Proxy, TestDatabase};

use crate::machine::{LONG_MS, Machine, changed, commit_id, failure, init, new_row, take};

/// How long a request may take where it has to fail.
const SHORT_MS: u64 = 1_000;

fn look_up(machine: &mut Machine, id: u128) -> Answer {
    machine.ask(&Request::LookUp { commit: commit_id(id) })
}

/// Returns a machine behind a proxy, with a run `r1`.
fn behind_proxy(postgres: &Postgres, timeout_ms: u64) -> (Proxy, TestDatabase, Machine) {
    let proxy = Proxy::start(postgres.port());
    let database = postgres.database();
    let url = Postgres::url_at(&database, "localhost", proxy.port());
    init(&url);
    let mut machine = Machine::join_with(&url, "a", timeout_ms);
    machine.add(1, &machine.run("r1", "s1", 1));
    (proxy, database, machine)
}

/// Checks that the outcome of a commit with this fault is unknown, and what the look-up says then.
fn check(fault: Fault, expected: &Answer, iteration: u32) {
    let Some(postgres) = Postgres::shared() else { return };
    let (proxy, _, mut a) = behind_proxy(postgres, SHORT_MS);
    let row = a.row("r1");
    proxy.next(fault);
    let failed = failure(a.commit(2, vec![changed(&row, |run| run.iteration = 1)]));
    assert!(failed.in_doubt && failed.cause == Cause::Unreachable, "{fault:?}: {failed:?}");
    for _ in 0..2 {
        assert_eq!(&look_up(&mut a, 2), expected, "{fault:?}");
    }
    proxy.release();
    assert_eq!(a.row("r1").run.iteration, iteration, "{fault:?}");
}

#[test]
fn a_commit_whose_answer_is_lost_is_looked_up() {
    check(Fault::LoseAnswer, &Answer::Committed { change: 2 }, 1);
    check(Fault::LoseStatement, &Answer::Withdrawn, 0);
    check(Fault::DelayAnswer, &Answer::Committed { change: 2 }, 1);
}

#[test]
fn a_commit_that_was_withdrawn_does_not_happen_when_it_arrives_late() {
    let Some(postgres) = Postgres::shared() else { return };
    let (proxy, database, mut a) = behind_proxy(postgres, SHORT_MS);
    let row = a.row("r1");
    let sent = proxy.statements();
    proxy.next(Fault::DelayStatement);
    let failed = failure(a.commit(2, vec![changed(&row, |run| run.iteration = 1)]));
    assert!(failed.in_doubt, "{failed:?}");
    assert_eq!(look_up(&mut a, 2), Answer::Withdrawn);
    proxy.release();
    // The delayed statement, beside the look-up.
    proxy.wait_for_statements(sent + 2);
    let is_running =
        format!("select count(*) from pg_stat_activity where datname = '{}' and state = 'active'", database.name);
    while postgres.sql("postgres", &is_running) != "0" {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(a.row("r1").run.iteration, 0);
    assert_eq!(postgres.sql(&database.name, "select count(*) from baton.change where commit_id like '%2'"), "1");
}

#[test]
fn the_id_of_a_commit_that_was_withdrawn_cannot_be_used() {
    let Some(postgres) = Postgres::shared() else { return };
    let (_proxy, _, mut a) = behind_proxy(postgres, LONG_MS);
    assert_eq!(look_up(&mut a, 2), Answer::Withdrawn);
    let row = a.row("r1");
    assert_eq!(a.commit(2, vec![changed(&row, |run| run.iteration = 1)]), Answer::Withdrawn);
    assert_eq!(look_up(&mut a, 1), Answer::Committed { change: 1 });
}

#[test]
fn a_read_whose_connection_was_cut_can_be_repeated() {
    let Some(postgres) = Postgres::shared() else { return };
    let (proxy, _, mut a) = behind_proxy(postgres, LONG_MS);
    proxy.next(Fault::LoseAnswer);
    let request = Request::Read { runs: vec![fixtures::id("r1")], sessions: vec![], projects: vec![] };
    let failed = failure(a.ask(&request));
    assert!(!failed.in_doubt && failed.cause == Cause::Unreachable, "{failed:?}");
    assert_eq!(a.read(&["r1"]).rows.len(), 1);
}

#[test]
fn a_machine_that_is_cut_off_fails_in_time_and_goes_on_later() {
    let Some(postgres) = Postgres::shared() else { return };
    let (proxy, _, mut a) = behind_proxy(postgres, SHORT_MS);
    proxy.partition(true);
    let failed = failure(a.ask(&Request::List { limit: 1 }));
    assert!(!failed.in_doubt && failed.cause == Cause::Unreachable, "{failed:?}");
    proxy.partition(false);
    assert_eq!(a.read(&["r1"]).rows.len(), 1);
    proxy.refuse(true);
    proxy.cut();
    assert_eq!(failure(a.ask(&Request::List { limit: 1 })).cause, Cause::Unreachable);
    proxy.refuse(false);
    assert_eq!(a.read(&["r1"]).rows.len(), 1);
}

#[test]
fn a_server_that_is_killed_has_each_commit_or_not() {
    let Some(postgres) = Postgres::start() else { return };
    let database = postgres.database();
    let url = postgres.socket_url(&database);
    init(&url);
    let mut a = Machine::join(&url, "a");
    a.add(1, &a.run("r1", "s1", 1));
    let mut expected = 0;
    for round in 0..5_u128 {
        // Commits go on until the server is gone.
        let (stop, stopped) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let postgres = &postgres;
            scope.spawn(move || {
                stopped.recv().unwrap();
                postgres.kill();
            });
            for attempt in 0.. {
                let id = 1000 * (round + 1) + attempt;
                let Answer::Rows(mut rows) = read(&mut a) else { break };
                let row = rows.rows.pop().unwrap();
                assert_eq!(row.run.iteration, expected);
                if attempt == 3 {
                    stop.send(()).unwrap();
                }
                match a.commit(id, vec![changed(&row, |run| run.iteration += 1)]) {
                    Answer::Committed { .. } => expected += 1,
                    Answer::Failed(failure) => {
                        assert_eq!(failure.cause, Cause::Unreachable, "{failure:?}");
                        postgres.restart();
                        if failure.in_doubt && matches!(look_up(&mut a, id), Answer::Committed { .. }) {
                            expected += 1;
                        }
                        break;
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
        postgres.restart();
        // The old connection may not have noticed yet that the server is another one.
        a = Machine::connect(&url, a.identity.clone(), LONG_MS);
        assert_eq!(a.row("r1").run.iteration, expected, "{}", postgres.log());
    }
}

fn read(machine: &mut Machine) -> Answer {
    machine.ask(&Request::Read { runs: vec![fixtures::id("r1")], sessions: vec![], projects: vec![] })
}

#[test]
fn two_machines_that_take_one_session_do_not_both_get_it() {
    let Some(postgres) = Postgres::shared() else { return };
    let (_proxy, _, mut a) = behind_proxy(postgres, LONG_MS);
    let mut b = Machine::join(&a.url.clone(), "b");
    let row = a.row("r1");
    let (first, second) = std::thread::scope(|scope| {
        let row = &row;
        let a = scope.spawn(move || a.commit(2, vec![changed(row, |run| take(run, "a", 5))]));
        let new = new_row(&b.run("r2", "s1", 6));
        let b = scope.spawn(move || b.commit(3, vec![changed(row, |run| take(run, "b", 6)), new]));
        (a.join().unwrap(), b.join().unwrap())
    });
    // The second one violates the index of the session in any case.
    assert!(
        matches!(first, Answer::Committed { .. }) && matches!(second, Answer::Conflict { .. }),
        "{first:?} {second:?}"
    );
}
