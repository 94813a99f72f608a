//! The database was restored from an older copy.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use baton_test_postgres::fleet::Fleet;
use serde_json::json;

use super::{owner, prompt};

#[test]
fn a_restored_database_gives_no_old_fence_and_revives_no_run() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let mut first = owner(&a);
    let mut second = Window::open(&b.scratch, Agent::Claude, "%2");
    for (event, fields) in [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"}))] {
        assert_eq!(second.hook(event, "s2", &fields).code, Some(0));
    }
    let start = |window: &mut Window<'_>, name: &str| {
        let started = window.baton("s2", &["run", "start", name, "--fleet"]);
        assert_eq!(started.code, Some(0), "{started:?}");
    };
    start(&mut second, "cancelled");
    fleet.back_up();
    let cancelled = second.baton("s2", &["run", "cancel", "cancelled"]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    start(&mut second, "later");
    let updated = first.baton("s1", &["run", "update", "demo", "--phase", "second"]);
    assert_eq!(updated.code, Some(0), "{updated:?}");

    fleet.restore();
    for machine in [&a, &b] {
        let told = machine.witness();
        assert!(told.stderr.contains("restored from an older copy"), "{told:?}");
    }
    for machine in [&a, &b] {
        let told = machine.witness();
        assert_eq!(told.stderr, "");
    }
    // The copy did not have the run `later`, which comes back with what the recovery added to the others.
    let rows = fleet.sql("select name, status, fence from baton.run order by name");
    assert_eq!(rows.trim(), "cancelled|cancelled|1001\ndemo|active|1001\nlater|active|1001");
    assert_eq!(fleet.sql("select epoch from baton.fleet").trim(), "2");
    let refused = first.baton("s1", &["run", "verify", "demo", "--fence", "1"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let told = prompt(&mut first);
    assert!(told.contains("1001") || told.contains("1,001"), "{told}");
    let verified = first.baton("s1", &["run", "verify", "demo", "--fence", "1001"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}
