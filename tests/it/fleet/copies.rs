//! A state directory that was copied, and a machine that was started again.

use std::process::Command;

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use super::{owned, owner, prompt};

/// Returns a machine whose state directory is a copy of another's.
fn copy(fleet: &Fleet, of: &Machine) -> Machine {
    let copy = fleet.unjoined();
    let status = Command::new("cp").arg("-a").arg(of.scratch.state_dir()).arg(copy.scratch.state_dir()).status();
    assert!(status.unwrap().success());
    copy
}

#[test]
fn a_copied_directory_becomes_a_machine_of_its_own_and_the_original_goes_on() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    a.witness();
    let b = copy(&fleet, &a);
    assert_ne!(b.fleet_file("leases.json")["leases"], json!({}));
    a.witness();
    let told = b.witness();
    assert!(told.stderr.contains("copy of another machine's"), "{told:?}");
    assert!(b.fleet_file("leases.json")["leases"].as_object().is_none_or(serde_json::Map::is_empty));
    let machine = |of: &Machine| of.fleet_file("membership.json")["machine"].as_str().unwrap().to_owned();
    assert_ne!(machine(&a), machine(&b));
    for _ in 0..2 {
        for each in [&a, &b] {
            let round = each.witness();
            assert_eq!(round.stderr, "");
        }
    }
    assert_eq!(fleet.sql("select count(*) from baton.machine").trim(), "2");
    assert_eq!(fleet.sql("select owner_machine from baton.run").trim(), machine(&a));
    let updated = window.baton("s1", &["run", "update", "demo", "--phase", "second"]);
    assert_eq!(updated.code, Some(0), "{updated:?}");
    assert_eq!(owned(&a, &window), (1, true));
}

#[test]
fn the_lease_in_a_copy_allows_nothing_when_the_database_does_not_know_its_token() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    a.witness();
    // All files are as they were, even the lock, as in a copy of a whole virtual machine that ran on.
    let copy = a.scratch.state();
    a.witness();
    copy.put_back(&a.scratch.state_dir());
    for words in [&["run", "update", "demo", "--phase", "copied"][..], &["run", "verify", "demo", "--fence", "1"]] {
        let refused = window.baton("s1", words);
        assert_eq!(refused.code, Some(3), "{refused:?}");
    }
    assert_eq!(a.run().phase, None);
}

#[test]
fn the_first_event_after_a_reboot_replaces_the_token() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    let before = a.fleet_file("membership.json");
    a.edit_fleet_file("membership.json", |membership| membership["boot"] = json!("another"));
    prompt(&mut window);
    let after = a.fleet_file("membership.json");
    assert_ne!(after["token"], before["token"]);
    assert_eq!((&after["boot"], &after["machine"]), (&before["boot"], &before["machine"]));
    assert_eq!(owned(&a, &window), (1, true));
    let mut other = Window::open(&a.scratch, Agent::Claude, "%2");
    assert_eq!(other.hook("SessionStart", "s2", &json!({})).code, Some(0));
    a.witness();
}
