//! What a machine knows of the database: by that it notices that the database was restored from an older copy.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use baton_test_postgres::Fault;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use super::{owned, owner};

/// Opens session s2 on a machine.
fn open_second(machine: &Machine) -> Window<'_> {
    let mut window = Window::open(&machine.scratch, Agent::Claude, "%2");
    for (event, fields) in [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"}))] {
        assert_eq!(window.hook(event, "s2", &fields).code, Some(0));
    }
    window
}

#[test]
fn a_handoff_after_a_restore_takes_no_run_from_its_owner() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let first = owner(&a);
    std::fs::write(a.scratch.home().join("work/s1.jsonl"), "{\"type\":\"user\"}\n").unwrap();
    a.witness();
    let mut second = open_second(&a);
    fleet.back_up();
    let taken = second.baton("s2", &["run", "adopt", "demo", "--take", "--session", "s2"]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    assert_eq!(owned(&a, &second), (2, true));
    fleet.restore();

    let refused = a.baton(["handoff", "s1"]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(refused.stderr.contains("restored"), "{refused:?}");
    let shown = a.baton(["fleet", "status"]);
    assert!(shown.stdout.contains("restored") && !shown.stdout.contains("LEASE"), "{shown:?}");
    for _ in 0..2 {
        a.witness();
    }
    let (fence, is_owner) = owned(&a, &second);
    assert!(is_owner && fence > 1000, "{fence}");
    assert_eq!(fleet.sql("select session, fence from baton.run").trim(), format!("s2|{fence}"));
    drop(first);
}

#[test]
fn a_late_commit_does_not_hide_a_newer_one() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut first = owner(&a);
    let mut second = open_second(&a);
    let started = second.baton("s2", &["run", "start", "other", "--fleet"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    // The update reads and commits.
    a.proxy.after(1, Fault::DelayAnswer);
    std::thread::scope(|scope| {
        let updated = scope.spawn(|| first.baton("s1", &["run", "update", "demo", "--phase", "second"]));
        a.proxy.wait_until_delayed();
        let other = second.baton("s2", &["run", "update", "other", "--phase", "second"]);
        assert_eq!(other.code, Some(0), "{other:?}");
        a.proxy.release();
        let updated = updated.join().unwrap();
        assert_eq!(updated.code, Some(0), "{updated:?}");
    });
    let newest = fleet.sql("select max(number) from baton.change");
    assert_eq!(a.fleet_file("leases.json")["newest"]["change"].to_string(), newest.trim());
}
