//! A machine leaves a fleet whose database is there, lost or not configured any more: no run is left that nobody can end.

use agent_baton_core::agent::Agent;
use agent_baton_core::run::Status;
use agent_baton_tests::Window;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use super::{owner, prompt, resume};

/// How the database is lost.
type Case = (&'static str, fn(&Fleet, &Machine));

const LOST: [Case; 3] = [
    ("a new database without a backup", |fleet, _| {
        drop(fleet.sql("delete from baton.run; delete from baton.machine; delete from baton.change;"));
        drop(fleet.sql("update baton.fleet set id = 'f000000000001', change = 0, commit_id = null"));
    }),
    ("a database that does not answer", |_, a| a.proxy.refuse(true)),
    ("a configuration without a fleet", |_, a| {
        std::fs::write(a.scratch.home().join(".config/baton/config.toml"), "").unwrap();
    }),
];

/// Checks that the run of session s1 was abandoned, and that session and run are of use again.
fn is_free(machine: &Machine, window: &mut Window<'_>, case: &str) {
    let run = machine.run();
    assert_eq!((run.status, &run.fleet), (Status::Abandoned, &None), "{case}");
    let told = prompt(window);
    assert!(told.contains("was abandoned") && told.contains("left the fleet"), "{case}: {told}");
    let started = window.baton("s1", &["run", "start", "local"]);
    assert_eq!(started.code, Some(0), "{case}: {started:?}");
    let cancelled = window.baton("s1", &["run", "cancel", "local"]);
    assert_eq!(cancelled.code, Some(0), "{case}: {cancelled:?}");
    let adopted = window.baton("s1", &["run", "adopt", run.id.as_str()]);
    assert_eq!(adopted.code, Some(0), "{case}: {adopted:?}");
    let cancelled = window.baton("s1", &["run", "cancel", run.id.as_str()]);
    assert_eq!(cancelled.code, Some(0), "{case}: {cancelled:?}");
}

#[test]
fn a_run_whose_database_is_lost_is_abandoned_by_force_and_not_otherwise() {
    for (case, lose) in LOST {
        let Some(fleet) = Fleet::new() else { return };
        let a = fleet.machine("laptop");
        let mut window = owner(&a);
        lose(&fleet, &a);
        a.remove_fleet_file("leases.json");
        let refused = window.baton("s1", &["run", "cancel", "demo"]);
        assert_eq!(refused.code, Some(3), "{case}: {refused:?}");
        let refused = a.baton(["fleet", "leave"]);
        assert_eq!(refused.code, Some(3), "{case}: {refused:?}");
        assert!(refused.stderr.contains("`baton fleet leave --force`"), "{case}: {refused:?}");
        assert_eq!(a.run().status, Status::Active, "{case}");
        let left = a.baton(["fleet", "leave", "--force"]);
        assert_eq!(left.code, Some(0), "{case}: {left:?}");
        assert!(left.stdout.contains("abandoned here"), "{case}: {left:?}");
        is_free(&a, &mut window, case);
    }
}

#[test]
fn a_machine_that_left_earlier_without_ending_its_copies_ends_them_now() {
    for words in [&["fleet", "leave"][..], &["fleet", "join", "--no-timer", "--name", "new"]] {
        let Some(fleet) = Fleet::new() else { return };
        let a = fleet.machine("laptop");
        let mut window = owner(&a);
        std::fs::remove_dir_all(a.scratch.state_dir().join("fleet")).unwrap();
        let refused = window.baton("s1", &["run", "cancel", "demo"]);
        assert_eq!(refused.code, Some(3), "{refused:?}");
        assert!(refused.stderr.contains("`baton fleet leave`"), "{refused:?}");
        drop(fleet.sql("update baton.fleet set id = 'f000000000001'"));
        let ended = a.baton(words.iter().copied());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("abandoned here"), "{ended:?}");
        is_free(&a, &mut window, &words.join(" "));
        let again = a.baton(["fleet", "leave"]);
        assert!(!again.stdout.contains("abandoned here"), "{again:?}");
    }
}

#[test]
fn a_machine_that_leaves_keeps_no_unfinished_copy_of_another_machines_run() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let mut first = owner(&a);
    let mut second = Window::open(&b.scratch, Agent::Claude, "%2");
    resume(&mut second);
    assert_eq!(b.run().status, Status::Active);
    let left = b.baton(["fleet", "leave"]);
    assert_eq!(left.code, Some(0), "{left:?}");
    is_free(&b, &mut second, "the copy");
    let ended = second.hook("SessionEnd", "s1", &json!({}));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    drop(second);
    let deleted = b.baton(["session", "delete", "s1"]);
    assert_eq!(deleted.code, Some(0), "{deleted:?}");
    let updated = first.baton("s1", &["run", "update", "demo", "--phase", "second"]);
    assert_eq!(updated.code, Some(0), "{updated:?}");
    assert_eq!(fleet.sql("select status, fence from baton.run").trim(), "active|1");
}

#[test]
fn a_machine_that_joins_the_same_fleet_again_has_the_copy_of_its_run_again() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    a.proxy.refuse(true);
    let left = a.baton(["fleet", "leave", "--force"]);
    assert_eq!(left.code, Some(0), "{left:?}");
    a.proxy.refuse(false);
    let joined = a.baton(["fleet", "join", "--no-timer", "--name", "again"]);
    assert_eq!(joined.code, Some(0), "{joined:?}");
    fleet.end_leases();
    a.witness();
    prompt(&mut window);
    let run = a.run();
    assert_eq!((run.status, run.fence.0), (Status::Active, 2));
    assert_eq!(fleet.sql("select status, fence from baton.run").trim(), "active|2");
}

#[test]
fn a_machine_that_never_comes_back_is_removed_once_it_is_away_and_owns_nothing() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, lost] = ["laptop", "ws"].map(|name| fleet.machine(name));
    let window = owner(&lost);
    let remove = || a.baton(["fleet", "leave", "--machine", "ws"]);
    let refused = remove();
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("owns unfinished runs"), "{refused:?}");
    let cancelled = a.baton(["run", "cancel", lost.run().id.as_str()]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    drop(window);
    let refused = remove();
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("was at the database just now"), "{refused:?}");
    drop(fleet.sql("update baton.machine set seen = now() - interval '2 hours' where name = 'ws'"));
    // The workspace was built anew, under the same name. What is left of the old one is meant, and a handoff means the new one.
    let anew = fleet.machine("ws");
    let id = anew.fleet_file("membership.json")["machine"].as_str().unwrap().to_owned();
    let mut window = owner(&a);
    std::fs::write(a.scratch.home().join("work/s1.jsonl"), "{\"type\":\"user\"}\n").unwrap();
    let handed_over = window.baton("s1", &["handoff", "s1", "--to", "ws"]);
    assert_eq!(handed_over.code, Some(0), "{handed_over:?}");
    assert_eq!(fleet.sql("select target from baton.handoff").trim(), id);
    let removed = remove();
    assert_eq!(removed.code, Some(0), "{removed:?}");
    assert_eq!(fleet.sql("select count(*) from baton.machine where name = 'ws'").trim(), "1");
    let refused = remove();
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let unknown = a.baton(["fleet", "leave", "--machine", "nobody"]);
    assert_eq!(unknown.code, Some(4), "{unknown:?}");
}
