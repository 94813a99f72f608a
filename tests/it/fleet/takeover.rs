//! A session goes on on another machine.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use baton_test_postgres::fleet::Fleet;
use serde_json::json;

use super::{owned, owner, prompt, resume};

#[test]
fn a_run_moves_once_when_its_lease_has_ended_and_the_old_owner_finds_out() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let mut first = owner(&a);
    assert_eq!(owned(&a, &first), (1, true));
    let mut second = Window::open(&b.scratch, Agent::Claude, "%2");
    let told = resume(&mut second);
    assert!(told.contains("nother machine"), "{told}");
    assert_eq!(owned(&b, &second), (1, false));

    fleet.end_leases();
    let told = prompt(&mut second);
    assert_eq!(owned(&b, &second), (2, true), "{told}");

    let verified = first.baton("s1", &["run", "verify", "demo", "--fence", "1"]);
    assert_eq!(verified.code, Some(3), "{verified:?}");
    let told = prompt(&mut first);
    assert!(told.contains("nother machine"), "{told}");
    assert_eq!(owned(&a, &first).0, 2);
    let shown = a.baton(["fleet", "status"]);
    assert!(!shown.stdout.contains("LEASE OF RUN"), "{shown:?}");
    a.witness();
    assert_eq!(a.fleet_file("leases.json")["leases"], json!({}));
    let verified = second.baton("s1", &["run", "verify", "demo", "--fence", "2"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[test]
fn a_run_moves_at_once_when_its_machine_proved_that_the_owner_has_ended() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    drop(owner(&a));
    a.witness();
    let mut second = Window::open(&b.scratch, Agent::Claude, "%2");
    let told = resume(&mut second);
    assert_eq!(owned(&b, &second), (2, true), "{told}");
    a.witness();
    assert_eq!(a.run().fence.0, 2);
}

#[test]
fn nobody_else_takes_a_run_whose_lease_lasts_but_by_force() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let first = owner(&a);
    let run = a.run().id.to_string();
    let mut second = Window::open(&b.scratch, Agent::Claude, "%2");
    let started = second.hook("SessionStart", "s2", &json!({}));
    assert_eq!(started.code, Some(0));
    let refused = second.baton("s2", &["run", "adopt", &run]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("laptop"), "{refused:?}");
    let taken = second.baton("s2", &["run", "adopt", &run, "--take"]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    assert_eq!(owned(&b, &second), (2, true));
    a.witness();
    assert_eq!(owned(&a, &first), (2, false));
}
