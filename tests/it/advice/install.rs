//! Suggestions about the installation.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::stage::Stage;
use super::{Situation, advice};

pub const SITUATIONS: &[Situation] = &[
    advice(
        "install --agent AGENT",
        |stage| {
            stage.installed();
            stage.installation.done("uninstall --yes");
            stage.user("doctor")
        },
        ("doctor", "on 7 events"),
    ),
    advice(
        "install",
        |stage| {
            for dir in [".claude", ".codex"] {
                fs::remove_dir(stage.installation.at(dir)).unwrap();
            }
            let told = stage.user("doctor");
            // The user starts Claude Code once, as the hint says.
            stage.installation.script("claude", "echo '2.1.329 (Claude Code)'");
            fs::create_dir(stage.installation.at(".claude")).unwrap();
            told
        },
        ("doctor", "on 7 events"),
    ),
    advice(
        "uninstall",
        |stage| {
            stage.installed();
            plugin(stage);
            stage.user("doctor")
        },
        ("", "removed baton's entries"),
    ),
    advice(
        "uninstall",
        |stage| {
            stage.installed();
            stage.edit(stage.installation.at(".claude/settings.json"), |settings| settings["a"] = true.into());
            stage.user("doctor")
        },
        ("", "removed baton's entries"),
    ),
    advice("uninstall", |stage| stage.user("install --yes"), ("", "removed baton's entries")),
    advice(
        "doctor",
        |stage| {
            fs::remove_dir(stage.installation.at(".codex")).unwrap();
            stage.installation.script("claude", "echo '2.1.329 (Claude Code)'");
            stage.user("install --yes")
        },
        ("", "on 7 events"),
    ),
    advice("config", |stage| stage.user("doctor"), ("", "stale_after")),
    advice(
        "enable",
        |stage| {
            stage.installed();
            stage.user("disable");
            stage.user("doctor")
        },
        ("doctor", "on 7 events"),
    ),
    advice(
        "enable --project",
        |stage| {
            stage.worktree();
            stage.installed();
            stage.user("disable --project");
            stage.user("doctor")
        },
        ("doctor", "on 7 events"),
    ),
    advice("enable", |stage| stage.user("disable"), ("disable", "disabled")),
    advice(
        "install --writable",
        |stage| {
            stage.user("install --yes --agent codex");
            stage.user("doctor")
        },
        ("doctor", "may write the state"),
    ),
    advice(
        "install --trust",
        |stage| {
            stage.agreeing_codex();
            stage.user("install --yes --agent codex")
        },
        ("install --yes --agent codex --trust", "already installed"),
    ),
    advice(
        "install --trust",
        |stage| {
            stage.agreeing_codex();
            stage.user("install --yes --agent codex");
            stage.user("doctor")
        },
        ("install --yes --agent codex --trust", "already installed"),
    ),
    advice(
        "doctor --fix",
        |stage| {
            stage.installed();
            stage.open("s1");
            fs::write(stage.state("wal.json"), "{").unwrap();
            stage.user("doctor")
        },
        ("", "every file of the state can be used"),
    ),
    advice(
        "doctor --fix",
        |stage| {
            stage.installed();
            stage.open("s1");
            fs::remove_dir_all(stage.state("index")).unwrap();
            stage.user("doctor")
        },
        ("", "every file of the state can be used"),
    ),
    advice(
        "doctor --quarantine",
        |stage| {
            stage.installed();
            stage.open("s1");
            fs::write(stage.state("sessions/s1.json"), "{").unwrap();
            stage.hook("Stop", "s1", &json!({}))
        },
        ("doctor", "every file of the state can be used"),
    ),
    advice(
        "doctor --quarantine",
        |stage| {
            stage.installed();
            stage.open("s1");
            fs::create_dir(stage.state("audit/audit.1.jsonl")).unwrap();
            stage.user("doctor")
        },
        ("doctor", "every file of the state can be used"),
    ),
    advice(
        "install",
        |stage| {
            stage.installed();
            let program = stage.installation.program();
            fs::remove_file(program).unwrap();
            let other = stage.other_program();
            fs::write(program, "#!/bin/sh\necho baton 0.0.1\n").unwrap();
            fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
            stage.installation.script("baton", &format!("exec {} \"$@\"", other.display()));
            stage.installation.scratch.program(&other, ["doctor"]).run().stdout
        },
        ("doctor", "on 7 events"),
    ),
];

/// Turns on the plugin beside the entries.
fn plugin(stage: &Stage<'_>) {
    stage.edit(stage.installation.at(".claude/settings.json"), |settings| {
        settings["enabledPlugins"] = serde_json::json!({"baton@baton": true});
    });
}
