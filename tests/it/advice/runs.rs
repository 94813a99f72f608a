//! Suggestions about runs and their owners.

use std::fs;

use agent_baton_core::agent::Agent;
use serde_json::json;

use super::stage::Stage;
use super::{Situation, advice};

pub const SITUATIONS: &[Situation] = &[
    // The owner.
    advice(
        "run adopt RUN --take --session SESSION",
        |stage| {
            stage.owner();
            stage.open("s2");
            stage.user("run adopt demo --session s2")
        },
        ("run show demo", "session s2"),
    ),
    advice(
        "run adopt RUN --force --session SESSION",
        |stage| {
            stage.owner();
            stage.carry_off();
            stage.open("s2");
            stage.user("run adopt demo --session s2")
        },
        ("run show demo", "session s2"),
    ),
    advice(
        "run adopt RUN --take",
        |stage| {
            stage.owner();
            stage.resume("s1")
        },
        ("run show demo", "pane %2"),
    )
    .within("s1"),
    advice(
        "run adopt RUN --force",
        |stage| {
            stage.owner();
            stage.carry_off();
            stage.resume("s1")
        },
        ("run show demo", "pane %2"),
    )
    .within("s1"),
    advice(
        "resume SESSION --force",
        |stage| {
            stage.owner();
            stage.carry_off();
            stage.user("run adopt demo --session s1")
        },
        ("", "claude --resume s1"),
    ),
    advice(
        "run adopt RUN --force",
        |stage| {
            stage.owner();
            stage.carry_off();
            stage.open("s2");
            stage.user("run pause demo");
            stage.user("run continue demo")
        },
        ("run show demo", "session s2"),
    )
    .within("s2"),
    advice("run cancel RUN", moved, ("run list --all", "cancelled")),
    // Codex keeps the thread loaded that its user left.
    advice("run adopt RUN --take --session SESSION", left, ("run show demo", "session s2")),
    advice("run cancel RUN", left, ("run list --all", "cancelled")),
    advice("run adopt RUN --session SESSION", interrupted, ("run show demo", "session s2")),
    advice("run cancel RUN", interrupted, ("run list --all", "cancelled")),
    advice("run adopt RUN --session SESSION", abandoned, ("run show demo", "session s1")),
    advice("run cancel RUN", several, ("run list --all", "cancelled")),
    // Refusals.
    advice(
        "run cancel RUN",
        |stage| {
            stage.owner();
            stage.tool("s1", "run start other")
        },
        ("run list --all", "cancelled"),
    ),
    advice(
        "run cancel RUN",
        |stage| {
            stage.open("s1");
            stage.installation.script("dies", "kill -9 $$");
            stage.user("run with build -- dies");
            stage.user("run adopt build --session s1")
        },
        ("run list --all", "cancelled"),
    ),
    advice(
        "resume SESSION",
        |stage| {
            stage.owner();
            stage.open("s2");
            stage.kill("s2");
            stage.user("run adopt demo --session s2")
        },
        ("", "claude --resume s2"),
    ),
    advice(
        "run list --all",
        |stage| {
            stage.owner();
            stage.user("run show none")
        },
        ("", "demo"),
    ),
    advice("run list --all", |stage| stage.user("run list"), ("", "no runs yet")),
    advice(
        "run show ID",
        |stage| {
            let log = stage.installation.at("work/.ralphex/progress/progress-fix.txt");
            std::fs::create_dir_all(log.parent().unwrap()).unwrap();
            std::fs::write(log, "# Ralphex Progress Log\nPlan: fix.md\nStarted: 2026-04-05 08:00:00\n----\n").unwrap();
            let found = stage.user("session discover --json");
            let (_, id) = found.split_once("\"id\": \"").unwrap();
            stage.user(&format!("run cancel {}", id.split('"').next().unwrap()))
        },
        ("", "fix.md"),
    ),
    advice(
        "run start NAME",
        |stage| {
            stage.open("s1");
            stage.user("run list --all")
        },
        ("run list", "demo"),
    ),
    advice("run with NAME -- COMMAND", |stage| stage.user("run list --all"), ("run list --all", "done")),
    advice(
        "run continue RUN",
        |stage| {
            stage.owner();
            stage.user("run pause demo")
        },
        ("run list", "active"),
    ),
    advice(
        "enable",
        |stage| {
            stage.open("s1");
            stage.user("disable");
            stage.tool("s1", "run start demo")
        },
        ("run start demo --session s1", "started"),
    ),
    advice(
        "enable --project",
        |stage| {
            stage.worktree();
            stage.open("s1");
            stage.user("disable --project");
            stage.tool("s1", "run start demo")
        },
        ("run start demo --session s1", "started"),
    ),
];

/// A run that moves to another window.
fn moved(stage: &mut Stage<'_>) -> String {
    stage.owner();
    stage.kill("s1");
    stage.resume("s1")
}

/// A run that its user left with `/new`.
fn left(stage: &mut Stage<'_>) -> String {
    let locks = stage.installation.at(".codex/thread-writer-locks");
    fs::create_dir_all(&locks).unwrap();
    stage.open_as(Agent::Codex, "s1");
    stage.window("s1").process.lock(&locks.join("s1.lock"));
    stage.tool("s1", "run start demo");
    stage.window("s1").process.lock(&locks.join("s2.lock"));
    stage.hook("SessionStart", "s1", &json!({"session_id": "s2"}))
}

/// A run whose owner is gone, and another session.
fn interrupted(stage: &mut Stage<'_>) -> String {
    stage.owner();
    stage.kill("s1");
    stage.open("s2")
}

/// A run whose owner has been gone for so long that the run is over.
fn abandoned(stage: &mut Stage<'_>) -> String {
    stage.owner();
    stage.kill("s1");
    let run = format!("runs/{}.json", stage.run());
    stage.make_old(&run);
    stage.make_old("sessions/s1.json");
    stage.resume("s1")
}

/// A session whose record names two runs, as one from another machine may.
fn several(stage: &mut Stage<'_>) -> String {
    stage.owner();
    let record = stage.state(&format!("runs/{}.json", stage.run()));
    stage.edit(stage.state("sessions/s1.json"), |session| {
        session["runs"].as_array_mut().unwrap().push(json!("r000000000001"));
    });
    let other = record.with_file_name("r000000000001.json");
    fs::copy(record, &other).unwrap();
    stage.edit(other, |run| run["id"] = json!("r000000000001"));
    stage.kill("s1");
    stage.resume("s1")
}
