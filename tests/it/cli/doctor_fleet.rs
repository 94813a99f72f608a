//! Tests what `baton doctor` finds about a fleet. Its database is a real PostgreSQL.

use std::fs;

use agent_baton_tests::{Installation, program};
use baton_test_postgres::Postgres;
use serde_json::{Value, json};

/// A crontab in a file of the home.
const CRONTAB: &str = r#"case $1 in
    -l) cat "$HOME/crontab" 2>/dev/null || { echo 'no crontab for user' >&2; exit 1; };;
    -r) rm "$HOME/crontab";;
    -) cat >"$HOME/crontab";;
esac"#;

/// Creates a machine of a fleet, whose witness cron starts. Returns `None` where there is no PostgreSQL.
fn joined() -> Option<Installation> {
    let server = Postgres::shared()?;
    let installation = Installation::new();
    program::link(program::baton_fleet(), &installation.program().with_file_name("baton-fleet")).unwrap();
    installation.script("systemctl", "echo 'Failed to connect to bus' >&2; exit 1");
    installation.script("crontab", CRONTAB);
    set_url(&installation, &server.socket_url(&server.database()));
    installation.done("fleet init");
    let output = installation.done("fleet join --name desk");
    assert!(output.stdout.contains("a line of your crontab starts the witness"), "{output:?}");
    Some(installation)
}

fn set_url(installation: &Installation, url: &str) {
    installation.write(".config/baton/config.toml", format!("[fleet]\nurl = {url:?}\n"));
}

fn membership(installation: &Installation, edit: impl Fn(&mut Value)) {
    let path = installation.scratch.state_dir().join("fleet/membership.json");
    let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

/// Returns the lines about the fleet.
fn findings(installation: &Installation) -> Vec<String> {
    let output = installation.run("doctor");
    output.stdout.lines().filter(|line| line.contains(" fleet ")).map(str::to_owned).collect()
}

/// Changes a machine of a fleet, and checks that doctor reports these words in a finding of that level.
fn check(level: &str, words: &str, spoil: impl Fn(&Installation)) {
    let Some(installation) = joined() else { return };
    spoil(&installation);
    let found = findings(&installation);
    assert!(found.iter().any(|line| line.starts_with(level) && line.contains(words)), "{words}: {found:?}");
}

#[test]
fn without_a_fleet_there_is_no_line() {
    assert_eq!(findings(&Installation::new()), [""; 0]);
}

#[test]
fn of_a_machine_in_a_fleet() {
    check("ok", "unix socket; schema ", |_| {});
    check("ok", "the witness was there just now, started by your crontab", |_| {});
    check("PROBLEM", "baton-fleet is not beside", |installation| {
        fs::remove_file(installation.program().with_file_name("baton-fleet")).unwrap();
    });
    check("PROBLEM", "/nowhere", |installation| set_url(installation, "postgresql://me@%2Fnowhere/fleet"));
    check("PROBLEM", "names no database", |installation| installation.write(".config/baton/config.toml", ""));
    check("PROBLEM", "it is a copy of another one, or was restored", |installation| {
        membership(installation, |it| it["token"] = json!("0123456789abcdef0123456789abcdef"));
    });
    check("PROBLEM", "restored from an older copy", |installation| {
        membership(installation, |it| it["newest"]["change"] = json!(99));
    });
    check("PROBLEM", "your crontab starts the witness, whose last round was 2 h ago", |installation| {
        membership(installation, |it| {
            for clock in ["unix_ms", "boot_ms"] {
                it["witnessed"][clock] = json!(it["witnessed"][clock].as_u64().unwrap().saturating_sub(7_200_000));
            }
            it["witnessed"]["boot"] = json!("earlier");
        });
    });
    check("note", "started by something that baton did not install", |installation| {
        fs::remove_file(installation.at("crontab")).unwrap();
    });
    check("note", "this machine is not in the fleet", |installation| drop(installation.done("fleet leave")));
}

#[test]
fn leaving_and_uninstalling_remove_the_timer_and_nothing_else() {
    for words in ["fleet leave", "uninstall --yes"] {
        let Some(installation) = joined() else { return };
        let ours = String::from_utf8(installation.read("crontab")).unwrap();
        assert!(ours.contains("fleet witness --quiet"), "{ours}");
        installation.write("crontab", format!("0 4 * * * backup\n{ours}"));
        installation.done(words);
        assert_eq!(installation.read("crontab"), b"0 4 * * * backup\n", "{words}");
    }
}

#[test]
fn what_is_stored_is_printed() {
    let Some(installation) = joined() else { return };
    let output = installation.done("fleet show --what-is-stored");
    assert!(
        ["\"name\": \"desk\"", "\"changes\": 0", "\"archives\": []", "never gets a prompt"]
            .iter()
            .all(|part| output.stdout.contains(part)),
        "{output:?}"
    );
    let view = installation.done("fleet status --json").json();
    assert_eq!(
        (&view["name"], &view["machines"][0]["name"], &view["problem"]),
        (&json!("desk"), &json!("desk"), &Value::Null)
    );
}
