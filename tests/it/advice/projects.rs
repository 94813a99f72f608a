//! Suggestions about protected files.

use std::fs;

use agent_baton_tests::fake_agent::Run;
use serde_json::json;

use super::stage::Stage;
use super::{Situation, advice};

pub const SITUATIONS: &[Situation] = &[
    advice(
        "project show PATH",
        |stage| {
            changed(stage);
            stage.user("project restore")
        },
        ("", "saved"),
    ),
    advice(
        "project show PATH",
        |stage| {
            changed(stage);
            stage.user("project restore --backup 7")
        },
        ("", "saved"),
    ),
    advice(
        "project restore PATH",
        |stage| {
            changed(stage);
            stage.kill("s1");
            stage.user("uninstall --purge --yes")
        },
        ("", "restored AGENTS.md"),
    ),
    advice("project show", unknown, ("", "AGENTS.md")),
    advice("project restore --force PATH", unknown, ("", "restored AGENTS.md")),
    advice(
        "project save PATH",
        |stage| {
            stage.open("s0");
            stage.protect();
            stage.open("s1")
        },
        ("", "saved in"),
    ),
    advice("project restore --backup N --force PATH", torn, ("", "restored AGENTS.md")),
    advice(
        "project save PATH",
        |stage| {
            changed(stage);
            let work = stage.installation.at("work");
            fs::rename(&work, stage.installation.at("away")).unwrap();
            let home = stage.installation.scratch.home();
            let window = stage.window("s1");
            let payload = window.payload("SessionEnd", "s1", &json!({"cwd": work})).to_string();
            let call = window.call("s1", payload);
            let ended = window.process.run(Run { cwd: home, ..call });
            fs::create_dir(&work).unwrap();
            ended.stderr
        },
        ("", "saved in"),
    ),
    advice(
        "doctor",
        |stage| {
            bad_record(stage);
            stage.user("project list")
        },
        ("doctor", "baton project restore --replace-record"),
    )
    .finding(),
    advice(
        "project restore --replace-record PATH",
        |stage| {
            bad_record(stage);
            stage.kill("s1");
            stage.user("doctor")
        },
        ("", "restored AGENTS.md"),
    ),
    advice(
        "project restore --backup N PATH",
        |stage| {
            damaged_backup(stage, 2);
            stage.user("doctor")
        },
        ("", "restored AGENTS.md"),
    ),
    advice(
        "project restore --backup N --force PATH",
        |stage| {
            damaged_backup(stage, 2);
            stage.open("s3")
        },
        ("", "restored AGENTS.md"),
    ),
    advice(
        "project save PATH",
        |stage| {
            damaged_backup(stage, 1);
            stage.user("doctor")
        },
        ("", "saved in"),
    ),
    advice(
        "project restore --replace-record --force PATH",
        |stage| {
            bad_record(stage);
            stage.open("s2")
        },
        ("", "restored AGENTS.md"),
    ),
];

/// A session that changed a protected file.
fn changed(stage: &mut Stage<'_>) -> String {
    let project = stage.protect();
    let told = stage.open("s1");
    project.write("AGENTS.md", "the tool's\n");
    told
}

/// A session that ends while nobody can tell whether another one does.
fn unknown(stage: &mut Stage<'_>) -> String {
    changed(stage);
    stage.open("s2");
    let record = stage.protect().protected_store().join("record.json");
    stage.protect().write("AGENTS.md", "the tool's\n");
    stage.edit(record, |record| record["participants"][0]["process"]["machine"] = json!("another"));
    stage.carry_off();
    stage.hook("SessionEnd", "s2", &json!({}))
}

/// A record of protected files that was cut off.
fn torn(stage: &mut Stage<'_>) -> String {
    changed(stage);
    let record = stage.protect().protected_store().join("record.json");
    let bytes = fs::read(&record).unwrap();
    fs::write(record, &bytes[..bytes.len() / 2]).unwrap();
    let told = stage.open("s2");
    stage.protect().write("AGENTS.md", "the tool's\n");
    told
}

/// A lost session whose backup, with this number, is damaged.
fn damaged_backup(stage: &mut Stage<'_>, number: u64) {
    changed(stage);
    if number > 1 {
        stage.hook("SessionEnd", "s1", &json!({}));
        stage.open("s2");
        stage.kill("s2");
    }
    stage.kill("s1");
    let project = stage.protect();
    fs::write(project.protected_store().join(format!("backup-{number}.tar")), "").unwrap();
    project.write("AGENTS.md", "the tool's\n");
}

/// A record of protected files that no version of baton wrote.
fn bad_record(stage: &mut Stage<'_>) {
    changed(stage);
    fs::write(stage.protect().protected_store().join("record.json"), "null").unwrap();
    stage.protect().write("AGENTS.md", "the tool's\n");
}
