//! A session is picked up: its archive leaves the database, also if the first call does not get to its end.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use agent_baton_tests::scratch::Output;
use baton_test_postgres::Fault;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

/// Which statement of a pickup claims the session. Before it, the pickup lists the handoffs and reads the archive.
const CLAIM: u64 = 2;

/// Makes session s1 on a machine, with a conversation and without a run. Its agent ends.
fn conversation(machine: &Machine) {
    let mut window = Window::open(&machine.scratch, Agent::Claude, "%1");
    for (event, fields) in
        [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"})), ("SessionEnd", json!({}))]
    {
        assert_eq!(window.hook(event, "s1", &fields).code, Some(0));
    }
    std::fs::write(machine.scratch.home().join("work/s1.jsonl"), "{\"type\":\"user\"}\n").unwrap();
}

fn parts(fleet: &Fleet) -> String {
    fleet.sql("select count(*) from baton.handoff_part").trim().to_owned()
}

fn done(output: Output) -> Output {
    assert_eq!(output.code, Some(0), "{output:?}");
    output
}

#[test]
fn the_archive_is_removed_when_another_machine_has_the_session() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    conversation(&a);
    done(a.baton(["handoff", "s1"]));
    assert_eq!(parts(&fleet), "1");
    done(b.baton(["pickup"]));
    assert_eq!(parts(&fleet), "0");
    let again = done(b.baton(["pickup", "s1"]));
    assert!(again.stderr.contains("before") && again.stdout.contains("--resume s1"), "{again:?}");
    // Nothing waits any more.
    assert_eq!(b.baton(["pickup"]).code, Some(4));
}

#[test]
fn an_archive_that_could_not_be_removed_is_removed_by_the_next_pickup() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    conversation(&a);
    done(a.baton(["handoff", "s1"]));
    let before = b.proxy.statements();
    // Everything but the removal, which comes last, and is cut before it counts as sent.
    b.proxy.after(6, Fault::LoseStatement);
    let told = done(b.baton(["pickup"]));
    assert_eq!(b.proxy.statements() - before, 6);
    assert!(told.stderr.contains("stays in the database"), "{told:?}");
    assert_eq!(parts(&fleet), "1");
    done(b.baton(["pickup"]));
    assert_eq!(parts(&fleet), "0");
}

#[test]
fn a_session_that_comes_back_is_offered_again_if_its_pickup_was_killed() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    conversation(&a);
    done(a.baton(["handoff", "s1"]));
    done(b.baton(["pickup"]));
    done(b.baton(["handoff", "s1"]));

    let (state, projects) = (a.scratch.state(), a.scratch.home().join(".claude/projects"));
    a.proxy.after(CLAIM + 1, Fault::LoseStatement);
    assert_eq!(a.baton(["pickup"]).code, Some(1));
    assert_ne!(
        fleet.sql("select count(*) from baton.handoff where picked_up = origin or picked_up is null").trim(),
        "2"
    );
    // As if it had been killed right after the claim, before it wrote anything.
    state.put_back(&a.scratch.state_dir());
    drop(std::fs::remove_dir_all(&projects));
    done(a.baton(["pickup"]));
    assert!(projects.read_dir().unwrap().flatten().any(|it| it.path().join("s1.jsonl").is_file()));
    assert_eq!(parts(&fleet), "0");
}
