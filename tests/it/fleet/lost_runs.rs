//! What a user is told about a run that is no longer here.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use super::{owned, owner, prompt, resume};

/// Opens session s2 on a machine.
fn open_second(machine: &Machine) -> Window<'_> {
    let mut window = Window::open(&machine.scratch, Agent::Claude, "%3");
    assert_eq!(window.hook("SessionStart", "s2", &json!({})).code, Some(0));
    window
}

/// Checks the exit status of a command, and that it says this.
fn check(words: &str, ended: (Option<i32>, String), code: i32, expected: &str) {
    assert!(ended.0 == Some(code) && ended.1.contains(expected), "{words}: {ended:?}, and not {code}: {expected}");
}

fn check_user(machine: &Machine, words: &str, code: i32, expected: &str) {
    let ended = machine.baton(words.split(' '));
    check(words, (ended.code, ended.stdout + &ended.stderr), code, expected);
}

fn check_session(window: &mut Window<'_>, session: &str, words: &str, code: i32, expected: &str) {
    let ended = window.baton(session, &words.split(' ').collect::<Vec<_>>());
    check(words, (ended.code, ended.stdout + &ended.stderr), code, expected);
}

#[test]
fn a_session_that_was_picked_up_is_where_it_was_picked_up() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let mut first = owner(&a);
    let mut second = open_second(&a);
    std::fs::write(a.scratch.home().join("work/s1.jsonl"), "{\"type\":\"user\"}\n").unwrap();
    check_user(&a, "handoff s1", 0, "is handed over");
    check_session(&mut second, "s2", "run adopt demo", 3, "it was handed over by the machine laptop");
    check_session(&mut first, "s1", "run verify demo --fence 1", 3, "was handed over at");
    // The agent that still runs is told once, and nothing that is not so.
    let told = prompt(&mut first);
    assert!(told.contains("was stopped here. It was handed over with its session"), "{told}");
    assert!(!told.contains("nother process") && !told.contains("nother machine of the fleet"), "{told}");
    assert_eq!(prompt(&mut first), "");

    check_user(&b, "pickup", 0, "picked up session s1");
    let there = "its session was picked up by the machine desktop";
    check_session(&mut second, "s2", "run adopt demo", 3, there);
    check_session(&mut first, "s1", "run verify demo --fence 1", 3, there);
    check_user(&a, "handoff s1 --cancel", 3, "was picked up by the machine desktop (m");
    check_user(&b, "run show demo", 0, "its session was picked up on this machine");
    // Nobody else could go on with it.
    check_user(&b, "fleet leave", 3, "this machine picked up session s1");
    check_user(&b, "run cancel demo", 0, "is cancelled");
    check_user(&b, "fleet leave", 0, "left the fleet");
}

#[test]
fn a_run_that_moved_has_its_machine_named() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let mut first = owner(&a);
    fleet.end_leases();
    let mut there = Window::open(&b.scratch, Agent::Claude, "%2");
    resume(&mut there);
    assert_eq!(owned(&b, &there), (2, true));
    check_session(&mut first, "s1", "run verify demo --fence 1", 3, "moved to the machine desktop at");
    let mut second = open_second(&a);
    let former = "the owner before is claude on the machine desktop";
    check_session(&mut second, "s2", "run adopt demo --take", 0, former);
}

#[test]
fn a_fence_that_a_recovery_raised_is_explained() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut first = owner(&a);
    fleet.back_up();
    check_session(&mut first, "s1", "run update demo --phase second", 0, "iteration 0");
    fleet.restore();
    a.witness();
    check_session(&mut first, "s1", "run verify demo --fence 1", 3, "restored from an older copy");
}
