use agent_baton_core::fixtures;
use agent_baton_core::id::MachineId;
use agent_baton_core::run::Run;
use baton_fleet_protocol::{Answer, Cause, HandoffPart, NewHandoff, Request, RowOwner};

use crate::machine::{Machine, changed, check_failure, commit_id, machine, new_fleet, take};

/// "part" in base64.
const PART: &str = "cGFydA==";

fn put(machine: &mut Machine, handoff: u128, number: u32, bytes: &str) -> Answer {
    let (session, handoff) = (fixtures::id("s1"), commit_id(handoff));
    machine.ask(&Request::PutPart { session, handoff, number, bytes: bytes.into() })
}

fn hand_off(machine: &mut Machine, id: u128, to: Option<MachineId>, parts: u32) -> Answer {
    let row = machine.row("r1");
    let write = changed(&row, |run: &mut Run| {
        run.fence = run.fence.next();
        run.fleet.as_mut().unwrap().machine = None;
    });
    let handoff = NewHandoff { session: fixtures::id("s1"), to, parts, digest: "d".into(), project: None };
    machine.ask(&Request::HandOff { commit: commit_id(id), handoff, writes: vec![write] })
}

fn owner(machine: &mut Machine) -> RowOwner {
    machine.row("r1").owner
}

#[test]
fn a_session_is_handed_over_and_picked_up_once() {
    let Some((_, _, url)) = new_fleet() else { return };
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| Machine::join(&url, name));
    a.add(1, &a.run("r1", "s1", 1));
    let long = "QUJD".repeat(100);
    assert_eq!(put(&mut a, 5, 0, PART), Answer::Done);
    check_failure(hand_off(&mut a, 5, None, 2), Cause::Protocol, "1 of the 2 parts");
    assert_eq!(put(&mut a, 5, 1, PART), Answer::Done);
    assert_eq!(put(&mut a, 5, 1, &long), Answer::Done);
    check_failure(put(&mut a, 5, 2, "*"), Cause::Protocol, "base64");
    // Nobody sees what is not published.
    let part = |number| Request::GetPart { handoff: commit_id(5), number };
    check_failure(b.ask(&part(0)), Cause::Protocol, "no part 0");
    assert_eq!(hand_off(&mut a, 5, None, 2), Answer::Committed { change: 2 });
    assert_eq!(owner(&mut b), RowOwner::Handoff { from: machine("a"), to: None, picked_up: None });
    let pick_up = Request::PickUp { handoff: commit_id(5) };
    for _ in 0..2 {
        assert_eq!(b.ask(&pick_up), Answer::Done);
    }
    assert_eq!(c.ask(&pick_up), Answer::Conflict { runs: vec![fixtures::id("r1")] });
    assert_eq!(b.ask(&part(0)), Answer::Part(HandoffPart { bytes: PART.into() }));
    assert_eq!(b.ask(&part(1)), Answer::Part(HandoffPart { bytes: long }));
    let cancel = Request::CancelHandoff { handoff: commit_id(5) };
    assert_eq!(a.ask(&cancel), Answer::Conflict { runs: vec![fixtures::id("r1")] });
    // Only the machine that has it removes its archive.
    let remove = Request::RemoveArchive { handoff: commit_id(5) };
    assert_eq!(a.ask(&remove), Answer::Conflict { runs: vec![fixtures::id("r1")] });
    assert!(b.read(&["r1"]).handoffs[0].is_stored);
    for _ in 0..2 {
        assert_eq!(b.ask(&remove), Answer::Done);
    }
    assert!(!b.read(&["r1"]).handoffs[0].is_stored);
    check_failure(b.ask(&part(0)), Cause::Protocol, "no part 0");
    assert_eq!(owner(&mut a), RowOwner::Handoff { from: machine("a"), to: None, picked_up: Some(machine("b")) });
    let row = b.row("r1");
    assert!(matches!(b.commit(6, vec![changed(&row, |run| take(run, "b", 2))]), Answer::Committed { .. }));
    assert!(matches!(owner(&mut b), RowOwner::Machine { id, .. } if id == machine("b")));
    let rows = b.read(&["r1"]);
    assert_eq!((rows.rows[0].run.fence.0, rows.handoffs.len()), (3, 0));
}

#[test]
fn a_handoff_to_one_machine_is_not_picked_up_by_another() {
    let Some((_, _, url)) = new_fleet() else { return };
    let [mut a, mut b, mut c] = ["a", "b", "c"].map(|name| Machine::join(&url, name));
    a.add(1, &a.run("r1", "s1", 1));
    put(&mut a, 5, 0, PART);
    hand_off(&mut a, 5, Some(machine("c")), 1);
    assert!(matches!(b.ask(&Request::PickUp { handoff: commit_id(5) }), Answer::Conflict { .. }));
    check_failure(b.ask(&Request::GetPart { handoff: commit_id(5), number: 0 }), Cause::Protocol, "no part");
    let seen = c.read(&["r1"]).handoffs;
    assert_eq!((seen.len(), seen[0].to.clone(), seen[0].parts), (1, Some(machine("c")), 1));
    assert_eq!(c.ask(&Request::PickUp { handoff: commit_id(5) }), Answer::Done);
}

#[test]
fn a_handoff_that_was_taken_back_is_gone() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let [mut a, mut b] = ["a", "b"].map(|name| Machine::join(&url, name));
    a.add(1, &a.run("r1", "s1", 1));
    put(&mut a, 5, 0, PART);
    hand_off(&mut a, 5, None, 1);
    let cancel = Request::CancelHandoff { handoff: commit_id(5) };
    assert!(matches!(b.ask(&cancel), Answer::Conflict { .. }), "only the machine that made it takes it back");
    for _ in 0..2 {
        assert_eq!(a.ask(&cancel), Answer::Done);
    }
    assert!(matches!(b.ask(&Request::PickUp { handoff: commit_id(5) }), Answer::Conflict { .. }));
    let row = a.row("r1");
    assert!(matches!(a.commit(6, vec![changed(&row, |run| take(run, "a", 1))]), Answer::Committed { .. }));
    assert!(matches!(owner(&mut a), RowOwner::Machine { .. }));
    assert_eq!(postgres.sql(&database.name, "select count(*) from baton.handoff_part"), "0");
}

#[test]
fn after_thirty_days_a_handoff_is_not_picked_up() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let [mut a, mut b] = ["a", "b"].map(|name| Machine::join(&url, name));
    a.add(1, &a.run("r1", "s1", 1));
    put(&mut a, 5, 0, PART);
    hand_off(&mut a, 5, None, 1);
    postgres.sql(&database.name, "update baton.handoff set made = now() - interval '31 days'");
    postgres.sql(&database.name, "update baton.handoff_part set stored = now() - interval '31 days'");
    assert!(matches!(b.ask(&Request::PickUp { handoff: commit_id(5) }), Answer::Conflict { .. }));
    assert_eq!(b.read(&["r1"]).handoffs, []);
    // The next handoff removes what is too old.
    let row = a.row("r1");
    a.commit(6, vec![changed(&row, |run| take(run, "a", 1))]);
    put(&mut a, 7, 0, PART);
    hand_off(&mut a, 7, None, 1);
    assert_eq!(postgres.sql(&database.name, "select count(*) from baton.handoff_part"), "1");
}
