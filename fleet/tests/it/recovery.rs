use agent_baton_core::fence::Fence;
use agent_baton_core::run::{Run, Status};
use baton_fleet_protocol::{Answer, Cause, Position, Request, RowOwner, RowWrite, Standing};

use crate::machine::{
    LEASE_MS, LONG_MS, Machine, changed, check_failure, commit_id, machine, new_fleet, new_row, take, token,
};

fn recover(machine: &mut Machine, epoch: u64, next: u64, seen: Position, commit: u128) -> Standing {
    match machine.ask(&Request::Recover { epoch, next, seen, commit: commit_id(commit), lease_ms: 300_000 }) {
        Answer::Ready(standing) => standing,
        other => panic!("{other:?}"),
    }
}

fn seen(change: u64, commit: u128) -> Position {
    Position { change, commit: Some(commit_id(commit)) }
}

/// Returns the same machine in another epoch, with another token.
fn in_epoch(machine: &Machine, epoch: u64, number: u128) -> Machine {
    let mut identity = machine.identity.clone();
    (identity.epoch, identity.tokens) = (epoch, vec![token(number)]);
    Machine::connect(&machine.url, identity, LONG_MS)
}

fn restore(machine: &mut Machine, commit: u128, runs: &[Run]) -> Answer {
    let rows = runs.iter().map(|run| RowWrite { before: None, ..new_row(run) }).collect();
    machine.ask(&Request::Restore { commit: commit_id(commit), rows, lease_ms: LEASE_MS })
}

#[test]
fn a_recovery_needs_evidence() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    a.add(1, &a.run("r1", "s1", 1));
    for (epoch, next, position) in
        [(1, 2, seen(1, 1)), (2, 3, seen(9, 9)), (1, 1, seen(9, 9)), (1, 2, Position { change: 0, commit: None })]
    {
        let standing = recover(&mut a, epoch, next, position.clone(), 50);
        assert_eq!((standing.epoch, standing.newest.change), (1, 1), "{epoch} {next} {position:?}");
    }
    let standing = recover(&mut a, 1, 4, seen(9, 9), 51);
    assert_eq!((standing.epoch, standing.newest), (4, seen(2, 51)));
    // Whoever notices later changes nothing.
    assert_eq!(recover(&mut a, 1, 4, seen(9, 9), 52).newest, seen(2, 51));
    let row = in_epoch(&a, 4, 77).row("r1");
    assert_eq!((row.run.fence, row.run.fleet.unwrap().revision), (Fence(3001), 3001));
}

#[test]
fn after_a_recovery_the_first_token_of_a_machine_counts() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    recover(&mut a, 1, 2, seen(9, 9), 1);
    check_failure(restore(&mut a, 9, &[]), Cause::OtherEpoch, "the epoch is 2");
    let (mut original, mut copy) = (in_epoch(&a, 2, 7), in_epoch(&a, 2, 8));
    assert!(matches!(restore(&mut original, 2, &[]), Answer::Committed { .. }));
    check_failure(restore(&mut copy, 3, &[]), Cause::UnknownToken, "token");
    assert!(matches!(restore(&mut original, 4, &[]), Answer::Committed { .. }));
}

#[test]
fn what_a_machine_knows_is_merged() {
    let Some((_, _, url)) = new_fleet() else { return };
    let (mut a, b) = (Machine::join(&url, "a"), Machine::join(&url, "b"));
    for (number, id) in ["moved", "iterated", "ended", "reopened", "cancelled", "lost-cancel"].into_iter().enumerate() {
        a.add(number as u128 + 1, &a.run(id, &format!("s-{id}"), 1));
    }
    for (number, (id, status)) in [("reopened", Status::Done), ("cancelled", Status::Cancelled)].into_iter().enumerate()
    {
        let row = a.row(id);
        a.commit(20 + number as u128, vec![changed(&row, |run| run.status = status)]);
    }
    recover(&mut a, 1, 2, seen(99, 99), 30);
    let mut b = in_epoch(&b, 2, 8);
    let known = |id: &str, change: &dyn Fn(&mut Run)| {
        let mut run = b.run(id, &format!("s-{id}"), 1);
        run.fleet.as_mut().unwrap().machine = Some(machine("a"));
        run.fleet.as_mut().unwrap().revision = 7;
        change(&mut run);
        run
    };
    let rows = [
        known("moved", &|run| take(run, "b", 2)),
        known("iterated", &|run| run.iteration = 8),
        known("ended", &|run| run.status = Status::Failed),
        known("reopened", &|run| take(run, "b", 2)),
        known("cancelled", &|run| run.status = Status::Done),
        known("lost-cancel", &|run| run.status = Status::Cancelled),
        known("missing", &|run| run.iteration = 2),
    ];
    assert!(matches!(restore(&mut b, 31, &rows), Answer::Committed { .. }));
    let mut check = |id: &str, status: Status, fence: u64, iteration: u32, owner: &str, revision: u64| {
        let row = b.row(id);
        let RowOwner::Machine { id: by, .. } = &row.owner else { panic!("{row:?}") };
        let found = (row.run.status, row.run.fence.0, row.run.iteration, by.as_str(), row.run.fleet.unwrap().revision);
        assert_eq!(found, (status, fence, iteration, owner, revision), "{id}");
    };
    // The fence before the recovery tells who is the newer owner.
    check("moved", Status::Active, 1002, 0, "b", 1008);
    check("iterated", Status::Active, 1001, 8, "a", 1008);
    check("ended", Status::Failed, 1001, 0, "a", 1008);
    check("reopened", Status::Done, 2, 0, "b", 8);
    check("cancelled", Status::Cancelled, 1, 0, "a", 8);
    check("lost-cancel", Status::Cancelled, 1001, 0, "a", 1008);
    check("missing", Status::Active, 1001, 2, "a", 1007);
    let again = restore(&mut b, 31, &rows);
    assert!(matches!(again, Answer::Committed { .. }), "{again:?}");
    // Nothing that it knows is new any more.
    let version = b.row("moved").version;
    restore(&mut b, 32, &rows);
    assert_eq!(b.row("moved").version, version);
}

#[test]
fn a_takeover_after_the_recovery_is_newer_than_any_copy() {
    let Some((_, _, url)) = new_fleet() else { return };
    let (mut a, b) = (Machine::join(&url, "a"), Machine::join(&url, "b"));
    a.add(1, &a.run("r1", "s1", 1));
    recover(&mut a, 1, 2, seen(99, 99), 2);
    let (mut a, mut b) = (in_epoch(&a, 2, 7), in_epoch(&b, 2, 8));
    let row = b.row("r1");
    assert!(matches!(b.commit(3, vec![changed(&row, |run| take(run, "b", 2))]), Answer::Committed { .. }));
    let mut copy = a.run("r1", "s1", 1);
    copy.fence = Fence(5);
    assert!(matches!(restore(&mut a, 4, &[copy]), Answer::Committed { .. }));
    let row = a.row("r1");
    assert!(matches!(&row.owner, RowOwner::Machine { id, .. } if *id == machine("b")), "{row:?}");
    assert_eq!(row.run.fence, Fence(1002));
}

/// Recovers twice, and lets a machine restore a copy with this fence and revision. The row had both 1 before.
fn check_copy(fence: u64, revision: u64, expected: (&str, u64, u64)) {
    let Some((_, _, url)) = new_fleet() else { return };
    let (mut a, b) = (Machine::join(&url, "a"), Machine::join(&url, "b"));
    a.add(1, &a.run("r1", "s1", 1));
    recover(&mut a, 1, 2, seen(99, 99), 2);
    recover(&mut a, 2, 3, seen(99, 99), 3);
    let mut b = in_epoch(&b, 3, 8);
    let mut copy = b.run("r1", "s1", 2);
    copy.fence = Fence(fence);
    copy.fleet.as_mut().unwrap().revision = revision;
    assert!(matches!(restore(&mut b, 4, &[copy]), Answer::Committed { .. }));
    let row = b.row("r1");
    let RowOwner::Machine { id, .. } = &row.owner else { panic!("{row:?}") };
    let found = (id.as_str(), row.run.fence.0, row.run.fleet.unwrap().revision);
    assert_eq!(found, expected, "fence {fence}, revision {revision}");
}

#[test]
fn what_recoveries_added_to_a_copy_is_no_later_owner() {
    check_copy(1, 1, ("a", 2001, 2001));
    check_copy(1001, 1001, ("a", 2001, 2001));
    // One fence has one owner, so the row gets another one.
    check_copy(2001, 2001, ("a", 4001, 2002));
    // Later owners: before the first recovery, and between both.
    check_copy(2, 2, ("b", 2002, 2003));
    check_copy(1002, 1002, ("b", 2002, 2003));
}
