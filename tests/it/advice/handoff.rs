//! Suggestions about sessions that go from one machine of the fleet to another.

use agent_baton_core::agent::Agent;
use agent_baton_tests::{Installation, Window};
use baton_test_postgres::{Postgres, TestDatabase};
use serde_json::json;

use super::stage::{Stage, put_on_path};
use super::{Situation, advice, fleet};

/// What is told where nothing was handed over.
const NOTHING_WAITS: &str = "no session waits for this machine";

pub const SITUATIONS: &[Situation] = &[
    advice("pickup ID", |stage| handed_over(stage, "handoff s1"), ("run show demo", "handed over"))
        .elsewhere()
        .with_database(),
    advice("pickup ID", |stage| handed_over(stage, "handoff s1 --to laptop"), ("", "picked up session s1 in"))
        .elsewhere()
        .with_database(),
    advice("handoff ID --cancel", |stage| handed_over(stage, "handoff s1"), ("run show demo", "(adopted)"))
        .with_database(),
    // Nothing waits here, and the other machine has the session.
    advice(
        "handoff ID",
        |stage| {
            machines(stage);
            conversation(stage.other(), "s1");
            let told = stage.user("pickup");
            assert!(told.contains(NOTHING_WAITS), "{told}");
            told
        },
        ("pickup", "picked up session s1"),
    )
    .elsewhere()
    .with_database(),
    // It was picked up before it was taken back.
    advice(
        "handoff ID",
        |stage| {
            handed_over(stage, "handoff s1");
            let told = stage.user_elsewhere("pickup");
            assert!(told.contains("picked up session s1"), "{told}");
            stage.user("handoff s1 --cancel")
        },
        ("pickup", "picked up session s1"),
    )
    .elsewhere()
    .with_database(),
    // The archive is not the one that was stored.
    advice(
        "handoff ID",
        |stage| {
            let owner = machines(stage);
            hand_over(stage, "handoff s1");
            fleet::server().sql(&owner.name, "update baton.handoff set digest = repeat('0', 64)");
            stage.user_elsewhere("pickup")
        },
        ("run show demo", "handed over"),
    )
    .with_database(),
    // Another session than the one that was asked for waits.
    advice(
        "pickup",
        |stage| {
            handed_over(stage, "handoff s1");
            stage.user_elsewhere("pickup s7")
        },
        ("", "picked up session s1"),
    )
    .elsewhere()
    .with_database(),
    // baton cannot find the project on the other machine.
    advice(
        "pickup",
        |stage| {
            machines(stage);
            stage.installation.write("work/.git/config", "");
            conversation(stage.installation, "s1");
            stage.user("handoff s1")
        },
        ("", "picked up session s1"),
    )
    .elsewhere()
    .with_database(),
    // The run went on on the other machine.
    advice(
        "run adopt RUN --take",
        |stage| {
            handed_over(stage, "handoff s1");
            let told = stage.user_elsewhere("pickup");
            assert!(told.contains("with 1 run"), "{told}");
            let mut window = Window::open(&stage.other().scratch, Agent::Claude, "%1");
            window.hook("SessionStart", "s1", &json!({"source": "resume"}));
            window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"}));
            window.process.kill();
            let told = stage.user("handoff s1");
            stage.open("s2");
            told
        },
        ("run show demo", "s2"),
    )
    .within("s2")
    .with_database(),
];

/// Two machines of a fleet, each with a clone of the project: `desk` and `laptop`.
fn machines(stage: &mut Stage<'_>) -> TestDatabase {
    let owner = fleet::joined(stage);
    fleet::clone(stage.installation);
    let other = Installation::new();
    put_on_path(&other);
    fleet::configure(&other, &owner);
    fleet::clone(&other);
    other.done("fleet join --name laptop");
    stage.other = Some(other);
    owner
}

/// A session whose agent has ended.
fn conversation(installation: &Installation, session: &str) {
    transcript(installation, session);
    let mut window = Window::open(&installation.scratch, Agent::Claude, "%9");
    window.hook("SessionStart", session, &json!({}));
    window.hook("UserPromptSubmit", session, &json!({"prompt": "words"}));
    window.process.kill();
}

fn transcript(installation: &Installation, session: &str) {
    let line = json!({"type": "user", "sessionId": session});
    installation.write(&format!("work/{session}.jsonl"), format!("{line}\n"));
}

/// Hands a session with a run over to the other machine. Returns what is told.
fn handed_over(stage: &mut Stage<'_>, command: &str) -> String {
    machines(stage);
    hand_over(stage, command)
}

fn hand_over(stage: &mut Stage<'_>, command: &str) -> String {
    transcript(stage.installation, "s1");
    stage.open("s1");
    let told = stage.tool("s1", "run start demo --fleet");
    assert!(told.contains("in the fleet"), "{told}");
    stage.kill("s1");
    stage.user(command)
}

#[test]
fn a_session_that_was_taken_back_waits_for_no_machine() {
    if Postgres::shared().is_none() {
        return;
    }
    let installation = Installation::new();
    let mut stage = Stage::new(&installation);
    handed_over(&mut stage, "handoff s1");
    assert!(stage.user("handoff s1 --cancel").contains("no longer handed over, with 1 run"));
    // It can be repeated.
    let again = stage.user("handoff s1 --cancel");
    assert!(again.contains("no longer handed over\n"), "{again}");
    let told = stage.user_elsewhere("pickup");
    assert!(told.contains(NOTHING_WAITS), "{told}");
    stage.resume("s1");
    stage.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"}));
    let shown = stage.user("run show demo");
    assert!(!shown.contains("handed over:"), "{shown}");
}
