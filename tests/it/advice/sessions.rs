//! Suggestions about sessions, the state and the audit.

use std::fs;

use super::stage::Stage;
use super::{Situation, advice};

pub const SITUATIONS: &[Situation] = &[
    advice(
        "resume SESSION",
        |stage| {
            stage.open("s1");
            stage.kill("s1");
            stage.user("go s1")
        },
        ("", "claude --resume s1"),
    ),
    advice(
        "resume SESSION",
        |stage| {
            stage.owner();
            stage.kill("s1");
            stage.user("go demo")
        },
        ("", "claude --resume s1"),
    ),
    advice(
        "resume SESSION",
        |stage| {
            stage.open("s1");
            stage.kill("s1");
            stage.make_old("sessions/s1.json");
            stage.user("resume")
        },
        ("", "claude --resume s1"),
    ),
    advice(
        "resume",
        |stage| {
            stage.open("s1");
            stage.kill("s1");
            stage.user("status")
        },
        ("", "claude --resume s1"),
    ),
    // The container of the session was rebuilt.
    advice(
        "resume SESSION --force",
        |stage| {
            stage.owner();
            stage.carry_off();
            stage.user("resume s1")
        },
        ("", "claude --resume s1"),
    ),
    advice(
        "resume SESSION --force",
        |stage| {
            stage.open("s1");
            stage.carry_off();
            stage.user("resume")
        },
        ("", "claude --resume s1"),
    ),
    advice(
        "resume SESSION --force",
        |stage| {
            stage.open("s1");
            stage.kill("s1");
            stage.edit(stage.state("sessions/s1.json"), |record| {
                let mut process = record["launches"][0]["process"].clone();
                process["machine"] = "another".into();
                record["resuming"] = serde_json::json!({"at": record["updated"], "process": process});
            });
            stage.user("resume s1")
        },
        ("", "claude --resume s1"),
    ),
    advice(
        "go SESSION",
        |stage| {
            stage.installation.script("tmux", "echo main");
            stage.open_in_tmux("s1");
            stage.user("resume s1")
        },
        ("", "it is selected"),
    ),
    advice("session restore SESSION", deleted, ("session show s1", "s1")),
    advice(
        "session restore SESSION",
        |stage| {
            deleted(stage);
            stage.user("session show s1")
        },
        ("session show s1", "s1"),
    ),
    advice(
        "run cancel RUN",
        |stage| {
            stage.owner();
            stage.kill("s1");
            stage.user("session delete s1")
        },
        ("session delete s1", "is in the trash"),
    ),
    advice("session show SESSION", exported, ("", "s1")),
    advice("session delete SESSION", exported, ("session import s1.tar.gz", "is in the archive")),
    advice("session list --all", |stage| stage.user("session show none"), ("", "no sessions yet")),
    advice("session list --all", |stage| stage.user("session list"), ("", "no sessions yet")),
    advice(
        "session delete SESSION",
        |stage| {
            stage.open("s1");
            stage.kill("s1");
            stage.user("session name s1 parser");
            stage.user("session delete parser")
        },
        ("", "is in the trash"),
    ),
    advice("session list --all", |stage| stage.user("session delete x/y"), ("", "no sessions yet")),
    advice("log", |stage| stage.user("explain none"), ("", "no decisions")),
    advice(
        "doctor",
        |stage| {
            stage.installed();
            stage.user("session list")
        },
        ("", "on 7 events"),
    ),
    advice(
        "doctor",
        |stage| {
            stage.installed();
            stage.user("status")
        },
        ("", "on 7 events"),
    ),
    advice(
        "doctor",
        |stage| {
            stage.owner();
            fs::write(stage.state(&format!("runs/{}.json", stage.run())), "{").unwrap();
            stage.tool("s1", "run start other")
        },
        ("", "cannot use"),
    )
    .finding(),
];

/// A session in the trash.
fn deleted(stage: &mut Stage<'_>) -> String {
    stage.open("s1");
    stage.kill("s1");
    stage.user("session delete s1")
}

/// A session that is still here when its export is imported.
fn exported(stage: &mut Stage<'_>) -> String {
    stage.open("s1");
    stage.kill("s1");
    let out = stage.installation.at("work/s1.tar.gz");
    stage.user(&format!("session export s1 --out {}", out.display()));
    assert!(fs::exists(out).unwrap());
    stage.user("session import s1.tar.gz")
}
