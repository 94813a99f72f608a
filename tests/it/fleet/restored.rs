//! The database was restored from an older copy.

use std::process::{Child, Command, Stdio};

use agent_baton_core::agent::Agent;
use agent_baton_core::run::Status;
use agent_baton_tests::{Window, program};
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use super::{owned, owner, prompt, resume};

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
    assert!(told.contains("1001") && told.contains("database was restored from an older copy"), "{told}");
    for words in [&["fleet", "status"][..], &["doctor"]] {
        let shown = a.baton(words.iter().copied());
        assert!(shown.stdout.contains("wrote back 1 run that it knows"), "{shown:?}");
    }
    let verified = first.baton("s1", &["run", "verify", "demo", "--fence", "1001"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

/// Starts a command of the fleet, and waits until its run has a row.
fn start_command(fleet: &Fleet, machine: &Machine) -> Child {
    let mut command = Command::new(program::baton());
    command.args(["run", "with", "deploy", "--fleet", "--", "sleep", "1000"]);
    command.current_dir(machine.scratch.home().join("work")).env_clear().envs(machine.scratch.env());
    let child = command.stderr(Stdio::null()).spawn().unwrap();
    while fleet.sql("select count(*) from baton.run").trim() != "1" {
        std::thread::yield_now();
    }
    child
}

#[test]
fn a_run_whose_place_was_taken_after_a_restore_is_abandoned_and_its_owner_hears_of_it() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    fleet.back_up();
    let mut first = owner(&a);
    fleet.restore();
    let second = owner(&b);
    let told = a.witness();
    assert!(told.stderr.contains("wrote back 0 runs") && told.stderr.contains("abandoned 1 run"), "{told:?}");
    assert!(told.stderr.contains(a.run().id.as_str()), "{told:?}");
    assert_eq!((a.run().status, a.run().fleet), (Status::Abandoned, None));
    let shown = a.baton(["fleet", "status"]);
    assert!(shown.stdout.contains("abandoned 1 run"), "{shown:?}");
    let told = prompt(&mut first);
    assert!(told.contains("another run has the run's session or name there now"), "{told}");
    let cancelled = first.baton("s1", &["run", "cancel", a.scratch.state().runs()[0].record.id.as_str()]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    assert_eq!(owned(&b, &second), (1, true));
    let round = a.witness();
    assert_eq!(round.stderr, "");
}

#[test]
fn a_command_whose_name_was_taken_after_a_restore_is_terminated() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    fleet.back_up();
    let mut first = start_command(&fleet, &a);
    fleet.restore();
    let mut second = start_command(&fleet, &b);
    let told = a.witness();
    assert!(told.stderr.contains("abandoned 1 run") && told.stderr.contains("deploy"), "{told:?}");
    assert!(!first.wait().unwrap().success());
    let run = a.run();
    assert_eq!((run.status, &run.fleet), (Status::Abandoned, &None));
    let cancelled = a.baton(["run", "cancel", run.id.as_str()]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    assert_eq!(fleet.sql("select name, status from baton.run").trim(), "deploy|active");
    b.witness();
    let cancelled = b.baton(["run", "cancel", "deploy"]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    assert!(!second.wait().unwrap().success());
}

/// Writes the conversation of session s1, so that it can be handed over.
fn converse(machine: &Machine) {
    std::fs::write(machine.scratch.home().join("work/s1.jsonl"), "{\"type\":\"user\"}\n").unwrap();
}

/// Does two rounds of each machine. After that, everything is in line.
fn witness(machines: &[Machine]) {
    for machine in machines.iter().chain(machines) {
        machine.witness();
    }
}

#[test]
fn a_handoff_that_the_older_copy_does_not_have_is_taken_back() {
    let Some(fleet) = Fleet::new() else { return };
    let machines = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let [a, b] = &machines;
    let mut first = owner(a);
    converse(a);
    fleet.back_up();
    let handed_over = a.baton(["handoff", "s1"]);
    assert_eq!(handed_over.code, Some(0), "{handed_over:?}");
    fleet.restore();
    witness(&machines);
    let id = a.fleet_file("membership.json")["machine"].as_str().unwrap().to_owned();
    assert_eq!(
        fleet.sql("select owner_machine, status, handoff is null from baton.run").trim(),
        format!("{id}|active|t")
    );
    prompt(&mut first);
    let (fence, is_owner) = owned(a, &first);
    assert!(is_owner && fence > 1000, "{fence}");
    let verified = first.baton("s1", &["run", "verify", "demo", "--fence", &fence.to_string()]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let nothing = b.baton(["pickup"]);
    assert_eq!(nothing.code, Some(4), "{nothing:?}");
}

#[test]
fn a_pickup_that_the_older_copy_does_not_have_can_be_repeated() {
    let Some(fleet) = Fleet::new() else { return };
    let machines = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let [a, b] = &machines;
    let first = owner(a);
    converse(a);
    drop(first);
    let handed_over = a.baton(["handoff", "s1"]);
    assert_eq!(handed_over.code, Some(0), "{handed_over:?}");
    fleet.back_up();
    let mut second = Window::open(&b.scratch, Agent::Claude, "%2");
    for is_restored in [false, true] {
        let picked_up = b.baton(["pickup", "s1"]);
        assert_eq!(picked_up.code, Some(0), "{picked_up:?}");
        if !is_restored {
            // Something that only the newer database has, so that the machines notice.
            a.witness();
            let started = second.hook("SessionStart", "s2", &json!({}));
            assert_eq!(started.code, Some(0), "{started:?}");
            let started = second.baton("s2", &["run", "start", "other", "--fleet"]);
            assert_eq!(started.code, Some(0), "{started:?}");
            fleet.restore();
            witness(&machines);
        }
    }
    resume(&mut second);
    prompt(&mut second);
    let row = fleet.sql("select name, status, owner_machine from baton.run where name = 'demo'");
    let id = b.fleet_file("membership.json")["machine"].as_str().unwrap().to_owned();
    assert_eq!(row.trim(), format!("demo|active|{id}"));
}

#[test]
fn a_machine_without_a_lease_notices_the_older_copy_by_what_its_witness_saw() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    fleet.back_up();
    let mut window = owner(&a);
    a.witness();
    a.remove_fleet_file("leases.json");
    fleet.restore();
    let told = a.witness();
    assert!(told.stderr.contains("restored from an older copy"), "{told:?}");
    assert_eq!(fleet.sql("select name, status, fence from baton.run").trim(), "demo|active|1001");
    let told = prompt(&mut window);
    assert!(told.contains("database was restored"), "{told}");
}
