use agent_baton_core::fence::Fence;
use agent_baton_core::fixtures;
use baton_fleet_protocol::{Answer, EndedOwner, LeaseState, Renewal, Request, RowOwner};

use crate::machine::{LEASE_MS, Machine, changed, new_fleet, new_row, take};

fn renewal(run: &str, fence: u64, pid: u32, iteration: u32) -> Renewal {
    Renewal { run: fixtures::id(run), fence: Fence(fence), process: fixtures::process(pid), iteration }
}

fn renew(machine: &mut Machine, alive: Vec<Renewal>, ended: Vec<EndedOwner>) -> (Vec<String>, Vec<String>) {
    match machine.ask(&Request::Renew { alive, ended, lease_ms: LEASE_MS }) {
        Answer::Renewed { renewed, ended, .. } => {
            let texts = |ids: Vec<_>| {
                let mut texts: Vec<String> = ids.into_iter().map(String::from).collect();
                texts.sort();
                texts
            };
            (texts(renewed), texts(ended))
        }
        other => panic!("{other:?}"),
    }
}

fn lease(machine: &mut Machine, run: &str) -> LeaseState {
    match machine.row(run).owner {
        RowOwner::Machine { lease, .. } => lease,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_owner_of_this_fence_renews() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let (mut a, mut b) = (Machine::join(&url, "a"), Machine::join(&url, "b"));
    a.add(1, &a.run("r1", "s1", 1));
    postgres.sql(&database.name, "update baton.run set lease_end = now() - interval '1 second'");
    assert_eq!(lease(&mut a, "r1"), LeaseState::Lapsed);
    for wrong in [renewal("r1", 2, 1, 0), renewal("r1", 1, 2, 0), renewal("r2", 1, 1, 0)] {
        assert_eq!(renew(&mut a, vec![wrong], vec![]), (vec![], vec![]));
    }
    assert_eq!(renew(&mut b, vec![renewal("r1", 1, 1, 0)], vec![]), (vec![], vec![]));
    assert_eq!(lease(&mut a, "r1"), LeaseState::Lapsed);
    assert_eq!(renew(&mut a, vec![renewal("r1", 1, 1, 0)], vec![]).0, ["r1"]);
    assert!(matches!(lease(&mut a, "r1"), LeaseState::Held { .. }));
    let rows = a.read(&["r1"]);
    // The version tells a takeover that the owner renewed. The feed and the revision do not change.
    assert_eq!((rows.rows[0].version, rows.rows[0].run.fleet.as_ref().unwrap().revision), (2, 1));
    assert_eq!(rows.standing.newest.change, 1);
}

#[test]
fn a_takeover_fails_if_the_owner_renewed_meanwhile() {
    let Some((_, _, url)) = new_fleet() else { return };
    let (mut a, mut b) = (Machine::join(&url, "a"), Machine::join(&url, "b"));
    a.add(1, &a.run("r1", "s1", 1));
    let seen = b.row("r1");
    renew(&mut a, vec![renewal("r1", 1, 1, 0)], vec![]);
    let takeover = b.commit(2, vec![changed(&seen, |run| take(run, "b", 2))]);
    assert_eq!(takeover, Answer::Conflict { runs: vec![fixtures::id("r1")] });
}

#[test]
fn a_higher_iteration_is_taken_over_and_a_lower_one_is_not() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    a.add(1, &a.run("r1", "s1", 1));
    for (sent, expected) in [(5, 5), (3, 5), (6, 6)] {
        renew(&mut a, vec![renewal("r1", 1, 1, sent)], vec![]);
        assert_eq!(a.row("r1").run.iteration, expected);
    }
}

#[test]
fn the_end_of_an_owner_is_recorded_for_its_process_alone() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    a.add(1, &a.run("r1", "s1", 1));
    let ended = |pid| EndedOwner { run: fixtures::id("r1"), fence: Fence(1), process: fixtures::process(pid) };
    assert_eq!(renew(&mut a, vec![], vec![ended(2)]).1, Vec::<String>::new());
    assert_eq!(renew(&mut a, vec![], vec![ended(1)]).1, ["r1"]);
    assert_eq!(renew(&mut a, vec![], vec![ended(1)]).1, ["r1"]);
    assert_eq!((lease(&mut a, "r1"), a.row("r1").version), (LeaseState::OwnerEnded, 2));
    // The next owner is another process.
    let row = a.row("r1");
    a.commit(2, vec![changed(&row, |run| take(run, "a", 2))]);
    assert!(matches!(lease(&mut a, "r1"), LeaseState::Held { .. }));
}

#[test]
fn the_proof_that_an_owner_ended_goes_with_its_fence_and_with_a_renewal() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    a.add(1, &a.run("r1", "s1", 1));
    let ended = |fence| EndedOwner { run: fixtures::id("r1"), fence: Fence(fence), process: fixtures::process(1) };
    renew(&mut a, vec![], vec![ended(1)]);
    // A commit that keeps the fence is no sign of life.
    let row = a.row("r1");
    a.commit(2, vec![changed(&row, |run| run.iteration = 1)]);
    assert_eq!(lease(&mut a, "r1"), LeaseState::OwnerEnded);
    renew(&mut a, vec![renewal("r1", 1, 1, 1)], vec![]);
    assert!(matches!(lease(&mut a, "r1"), LeaseState::Held { .. }));
    // The same process comes back to the run.
    renew(&mut a, vec![], vec![ended(1)]);
    let row = a.row("r1");
    a.commit(3, vec![changed(&row, |run| take(run, "a", 1))]);
    assert!(matches!(lease(&mut a, "r1"), LeaseState::Held { .. }));
}

#[test]
fn a_thousand_owners_are_renewed_by_one_statement() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    let runs: Vec<_> = (0..1000).map(|number| a.run(&format!("r{number}"), &format!("s{number}"), 1)).collect();
    assert!(matches!(a.commit(1, runs.iter().map(new_row).collect()), Answer::Committed { .. }));
    let alive = runs.iter().map(|run| renewal(run.id.as_str(), 1, 1, 0)).collect();
    assert_eq!(renew(&mut a, alive, vec![]).0.len(), 1000);
}
