use agent_baton_core::fixtures;
use agent_baton_core::run::Status;
use baton_fleet_protocol::{Answer, Cause, LeaseState, RowOwner};

use crate::machine::{LEASE_MS, LONG_MS, Machine, changed, check_failure, machine, new_fleet, new_row, take};

#[test]
fn a_row_is_read_as_it_was_written() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    let mut run = a.run("r1", "s1", 1);
    run.phase = Some("phase \u{202e}1".into());
    assert_eq!(a.commit(1, vec![new_row(&run)]), Answer::Committed { change: 1 });
    let row = a.row("r1");
    let mut expected = baton_fleet_protocol::to_row_record(&run);
    expected.phase = Some("phase \u{fffd}1".into());
    assert_eq!((&row.run, row.version, row.directory.as_deref()), (&expected, 1, Some("project")));
    let RowOwner::Machine { id, lease: LeaseState::Held { left_ms } } = row.owner else { panic!("{row:?}") };
    assert!(id == machine("a") && left_ms <= LEASE_MS && left_ms > LEASE_MS - 60_000, "{left_ms}");
}

#[test]
fn nothing_that_stays_on_the_machine_is_stored() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    let mut row = new_row(&a.run("r1", "s1", 1));
    row.directory = Some("/home/ann/project".into());
    row.run.stop_reason = Some(agent_baton_core::run::StopReason::Stated("stated".into()));
    assert!(matches!(a.commit(1, vec![row]), Answer::Committed { .. }));
    let stored = postgres.sql(&database.name, "select r.*, c.* from baton.run r, baton.change c");
    for secret in ["/home/ann", "/work/project", "/tmp/tmux", "stated"] {
        assert!(!stored.contains(secret), "{stored}");
    }
}

#[test]
fn of_two_commits_of_one_row_one_happens() {
    let Some((_, _, url)) = new_fleet() else { return };
    let (mut a, mut b) = (Machine::join(&url, "a"), Machine::join(&url, "b"));
    a.add(1, &a.run("r1", "s1", 1));
    let (seen_by_a, seen_by_b) = (a.row("r1"), b.row("r1"));
    assert_eq!(b.commit(2, vec![changed(&seen_by_b, |run| take(run, "b", 2))]), Answer::Committed { change: 2 });
    let conflict = Answer::Conflict { runs: vec![fixtures::id("r1")] };
    assert_eq!(a.commit(3, vec![changed(&seen_by_a, |run| run.iteration = 1)]), conflict);
    // All or nothing: the other row is not written either.
    let other = new_row(&a.run("r2", "s2", 3));
    assert_eq!(a.commit(4, vec![other, changed(&seen_by_a, |_| {})]), conflict);
    assert_eq!(a.read(&["r2"]).rows, []);
    let row = a.row("r1");
    assert_eq!((row.run.fence.0, row.run.fleet.unwrap().revision, row.version), (2, 2, 2));
}

#[test]
fn many_commits_at_once_are_counted_once_each() {
    const EACH: u32 = 20;
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    a.add(1, &a.run("r1", "s1", 1));
    std::thread::scope(|scope| {
        for thread in 1..=4_u32 {
            let (url, identity) = (url.clone(), a.identity.clone());
            scope.spawn(move || {
                let mut machine = Machine::connect(&url, identity, LONG_MS);
                let mut attempt = 0;
                for _ in 0..EACH {
                    loop {
                        attempt += 1;
                        let row = machine.row("r1");
                        let id = u128::from(thread) << 64 | attempt;
                        match machine.commit(id, vec![changed(&row, |run| run.iteration += 1)]) {
                            Answer::Committed { .. } => break,
                            Answer::Conflict { .. } => {}
                            other => panic!("{other:?}"),
                        }
                    }
                }
            });
        }
    });
    let rows = a.read(&["r1"]);
    assert_eq!((rows.rows[0].run.iteration, rows.standing.newest.change), (4 * EACH, 1 + u64::from(4 * EACH)));
}

#[test]
fn a_session_and_a_supervised_name_have_one_unfinished_run() {
    let Some((_, _, url)) = new_fleet() else { return };
    let (mut a, mut b) = (Machine::join(&url, "a"), Machine::join(&url, "b"));
    a.add(1, &a.run("r1", "s1", 1));
    let conflict = |run: &str| Answer::Conflict { runs: vec![fixtures::id(run)] };
    assert_eq!(b.commit(2, vec![new_row(&b.run("r2", "s1", 2))]), conflict("r2"));
    // A run that ends makes room for the next one, in the same commit.
    let row = a.row("r1");
    let next = new_row(&a.run("r3", "s1", 1));
    let end = changed(&row, |run| run.status = Status::Done);
    assert!(matches!(a.commit(3, vec![next, end]), Answer::Committed { .. }));
    let supervised = |machine: &Machine, id: &str| {
        let mut run = machine.run(id, "s9", 9);
        (run.owner.session, run.owner.agent) = (None, None);
        new_row(&run)
    };
    assert!(matches!(a.commit(4, vec![supervised(&a, "r4")]), Answer::Committed { .. }));
    let second = supervised(&b, "r5");
    assert_eq!(b.commit(5, vec![second]), conflict("r5"));
    let mut other = supervised(&b, "r6");
    other.run.name = "another".to_owned().try_into().unwrap();
    assert!(matches!(b.commit(6, vec![other]), Answer::Committed { .. }));
}

#[test]
fn a_row_of_another_machine_keeps_its_lease() {
    let Some((_, _, url)) = new_fleet() else { return };
    let (mut a, mut b) = (Machine::join(&url, "a"), Machine::join(&url, "b"));
    a.add(1, &a.run("r1", "s1", 1));
    let row = b.row("r1");
    let cancel = changed(&row, |run| run.status = Status::Paused);
    let request = baton_fleet_protocol::Request::Commit {
        commit: crate::machine::commit_id(2),
        reason: agent_baton_core::reason::Reason::Registered,
        writes: vec![cancel],
        lease_ms: 1,
    };
    assert!(matches!(b.ask(&request), Answer::Committed { .. }));
    let owner = b.row("r1").owner;
    assert!(
        matches!(&owner, RowOwner::Machine { id, lease: LeaseState::Held { .. } } if *id == machine("a")),
        "{owner:?}"
    );
}

#[test]
fn a_run_of_another_fleet_is_not_written() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    let mut run = a.run("r1", "s1", 1);
    run.fleet.as_mut().unwrap().fleet = fixtures::id("other");
    check_failure(a.commit(1, vec![new_row(&run)]), Cause::Protocol, "r1 is not of this fleet");
    run.fleet = None;
    check_failure(a.commit(2, vec![new_row(&run)]), Cause::Protocol, "r1 is not of this fleet");
    // A run without a machine belongs to a handoff.
    let mut run = a.run("r1", "s1", 1);
    run.fleet.as_mut().unwrap().machine = None;
    check_failure(a.commit(3, vec![new_row(&run)]), Cause::Protocol, "run_has_one_owner");
}

#[test]
fn a_cancelled_run_never_changes_again() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    a.add(1, &a.run("r1", "s1", 1));
    let row = a.row("r1");
    assert!(matches!(a.commit(2, vec![changed(&row, |run| run.status = Status::Cancelled)]), Answer::Committed { .. }));
    let row = a.row("r1");
    let conflict = Answer::Conflict { runs: vec![fixtures::id("r1")] };
    assert_eq!(a.commit(3, vec![changed(&row, |run| run.status = Status::Active)]), conflict);
}

#[test]
fn a_repeated_commit_is_answered_with_what_happened() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    let write = new_row(&a.run("r1", "s1", 1));
    for _ in 0..2 {
        assert_eq!(a.commit(1, vec![write.clone()]), Answer::Committed { change: 1 });
    }
    assert_eq!(a.row("r1").version, 1);
}
