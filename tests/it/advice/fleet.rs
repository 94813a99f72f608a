//! Suggestions about the fleet. Its database is a real PostgreSQL.

use agent_baton_tests::{Installation, program};
use baton_test_postgres::{Postgres, TestDatabase};
use serde_json::{Value, json};

use super::stage::Stage;
use super::{Situation, advice};

pub const SITUATIONS: &[Situation] = &[
    advice("config", |stage| stage.user("fleet join"), ("", "fleet.url")),
    advice(
        "fleet init",
        |stage| {
            database(stage);
            stage.user("fleet join --no-timer")
        },
        ("fleet status", "schema "),
    )
    .with_database(),
    advice(
        "fleet init --role NAME",
        |stage| {
            let owner = database(stage);
            stage.installation.done("fleet init");
            let server = server();
            let other = server.user(&owner, &format!("other_{}", owner.name));
            set_url(stage, &server.socket_url(&other));
            let told = stage.user("fleet join --no-timer");
            // The owner of the database does it, for a role of the name that stands for any.
            set_url(stage, &server.socket_url(&owner));
            server.sql("postgres", "drop role if exists demo");
            server.sql("postgres", "create role demo");
            told
        },
        ("", "has the rights that its machines need"),
    )
    .with_database(),
    advice(
        "fleet init",
        |stage| {
            let owner = database(stage);
            let (server, role) = (server(), format!("role_{}", owner.name));
            let other = server.user(&owner, &role);
            let told = stage.user(&format!("fleet init --role {role}"));
            set_url(stage, &server.socket_url(&other));
            told
        },
        ("fleet join", "joined the fleet"),
    )
    .with_database(),
    advice(
        "fleet join",
        |stage| {
            database(stage);
            stage.user("fleet init")
        },
        ("fleet status", "LAST WORD"),
    )
    .with_database(),
    advice(
        "fleet join",
        |stage| {
            database(stage);
            stage.installation.done("fleet init");
            stage.user("fleet status")
        },
        ("fleet status", "its last round was just now"),
    )
    .with_database(),
    advice(
        "fleet join",
        |stage| {
            database(stage);
            stage.installation.done("fleet init");
            stage.user("fleet witness")
        },
        ("fleet status", "its last round was just now"),
    )
    .with_database(),
    advice(
        "fleet witness --quiet",
        |stage| {
            database(stage);
            stage.installation.done("fleet init");
            stage.user("fleet join --no-timer")
        },
        ("fleet status", "its last round was just now"),
    )
    .with_database(),
    advice(
        "run start NAME --fleet",
        |stage| {
            database(stage);
            stage.installation.done("fleet init");
            project(stage);
            stage.open("s1");
            stage.user("fleet join")
        },
        ("run show demo", "example.com/acme/app"),
    )
    .with_database(),
    advice(
        "fleet leave",
        |stage| {
            joined(stage);
            stage.user("fleet join")
        },
        ("fleet status", "not in the fleet"),
    )
    .with_database(),
    advice(
        "fleet leave",
        |stage| {
            joined(stage);
            stage.user("uninstall --purge --yes")
        },
        ("uninstall --purge --yes", "removed the state"),
    )
    .with_database(),
    advice(
        "fleet leave",
        |stage| {
            joined(stage);
            stage.user("uninstall --yes")
        },
        ("fleet status", "not in the fleet"),
    )
    .with_database(),
    advice(
        "fleet leave --force",
        |stage| {
            joined(stage);
            set_url(stage, "postgresql://me@%2Fnowhere/fleet");
            stage.user("fleet leave")
        },
        ("fleet witness", "has joined no fleet"),
    )
    .with_database(),
    advice(
        "run cancel RUN",
        |stage| {
            joined(stage);
            project(stage);
            stage.open("s1");
            stage.tool("s1", "run start demo --fleet");
            stage.user("fleet leave")
        },
        ("fleet leave", "left the fleet"),
    )
    .with_database(),
    advice(
        "fleet leave --force",
        |stage| {
            with_lost_database(stage);
            // Each way leads to the next one.
            let told = stage.tool("s1", "run cancel demo");
            assert!(told.contains("`baton fleet status`"), "{told}");
            let told = stage.user("fleet status");
            assert!(told.contains("`baton fleet leave`"), "{told}");
            stage.user("fleet leave")
        },
        ("run start other --session s1", "started"),
    )
    .with_database(),
    advice(
        "fleet leave --force",
        |stage| {
            with_run(stage);
            stage.installation.write(".config/baton/config.toml", "");
            stage.user("fleet status")
        },
        ("run cancel demo", "cancelled"),
    )
    .with_database(),
    advice(
        "fleet leave",
        |stage| {
            with_run(stage);
            std::fs::remove_dir_all(stage.state("fleet")).unwrap();
            stage.tool("s1", "run cancel demo")
        },
        ("run cancel demo", "cancelled"),
    )
    .with_database(),
    advice(
        "run adopt RUN",
        |stage| {
            with_lost_database(stage);
            stage.user("fleet leave --force")
        },
        ("run list", "active"),
    )
    .within("s1")
    .with_database(),
    advice(
        "fleet status",
        |stage| {
            let owner = joined(stage);
            set_url(stage, "postgresql://me@%2Fnowhere/fleet");
            let told = stage.user("fleet witness");
            set_url(stage, &server().socket_url(&owner));
            told
        },
        ("", "its last round was just now"),
    )
    .with_database(),
    advice(
        "fleet status",
        |stage| {
            let owner = joined(stage);
            project(stage);
            stage.open("s1");
            set_url(stage, "postgresql://me@%2Fnowhere/fleet");
            let told = stage.tool("s1", "run start demo --fleet");
            set_url(stage, &server().socket_url(&owner));
            assert!(told.contains("no lease allows this machine to go on"), "{told}");
            told
        },
        ("run start demo --fleet --session s1", "in the fleet as a run of example.com/acme/app"),
    )
    .with_database(),
    advice(
        "fleet witness",
        |stage| {
            joined(stage);
            membership(stage, |it| it["token"] = json!("0123456789abcdef0123456789abcdef"));
            stage.user("fleet status")
        },
        ("doctor", "the witness was there just now"),
    )
    .with_database(),
    advice(
        "fleet witness",
        |stage| {
            joined(stage);
            membership(stage, |it| it["token"] = json!("0123456789abcdef0123456789abcdef"));
            stage.user("doctor")
        },
        ("doctor", "the witness was there just now"),
    )
    .with_database(),
    advice("fleet recover", restored, ("fleet status", "epoch 2")).with_database(),
    advice(
        "fleet recover",
        |stage| {
            restored(stage);
            stage.user("doctor")
        },
        ("fleet recover", "nothing was written back"),
    )
    .with_database(),
];

pub fn server() -> &'static Postgres {
    Postgres::shared().expect("a situation that needs a database")
}

/// Configures an empty database. Its owner is the user.
fn database(stage: &Stage<'_>) -> TestDatabase {
    let owner = server().database();
    configure(stage.installation, &owner);
    owner
}

/// Configures this database, and gives the machine what `fleet join` needs.
pub fn configure(installation: &Installation, owner: &TestDatabase) {
    let beside = installation.program().with_file_name("baton-fleet");
    program::link(program::baton_fleet(), &beside).unwrap();
    installation.script("systemctl", "exit 0");
    installation.script("crontab", "echo 'no crontab for user' >&2; exit 1");
    write_url(installation, &server().socket_url(owner));
}

fn set_url(stage: &Stage<'_>, url: &str) {
    write_url(stage.installation, url);
}

fn write_url(installation: &Installation, url: &str) {
    installation.write(".config/baton/config.toml", format!("[fleet]\nurl = {url:?}\n"));
}

/// A machine of a fleet.
pub fn joined(stage: &Stage<'_>) -> TestDatabase {
    let owner = database(stage);
    stage.installation.done("fleet init");
    stage.installation.done("fleet join --name desk");
    owner
}

/// A machine whose session s1 owns the run `demo` of the fleet.
fn with_run(stage: &mut Stage<'_>) {
    joined(stage);
    project(stage);
    stage.open("s1");
    stage.tool("s1", "run start demo --fleet");
}

/// The same, and then the database is a new one without a backup.
fn with_lost_database(stage: &mut Stage<'_>) {
    with_run(stage);
    set_url(stage, &server().socket_url(&server().database()));
    stage.installation.done("fleet init");
}

/// Makes the project a clone, which other machines can have too.
fn project(stage: &Stage<'_>) {
    clone(stage.installation);
}

/// Makes a machine's project a clone.
pub fn clone(installation: &Installation) {
    installation.write("work/.git/config", "[remote \"origin\"]\n\turl = git@example.com:acme/app.git\n");
}

/// Changes the membership behind baton's back.
fn membership(stage: &Stage<'_>, edit: impl Fn(&mut Value)) {
    stage.edit(stage.state("fleet/membership.json"), edit);
}

/// A machine that has seen a change which the database does not have.
fn restored(stage: &mut Stage<'_>) -> String {
    joined(stage);
    membership(stage, |it| it["newest"] = json!({"change": 99, "commit": "0123456789abcdef0123456789abcdef"}));
    stage.user("fleet status")
}
