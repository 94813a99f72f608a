//! What doctor finds.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use agent_baton_core::agent::Agent;
use agent_baton_tests::{Person, Window};
use serde_json::{Value, json};

/// A person with Claude Code installed and one session recorded.
fn well() -> Person {
    let person = Person::new();
    fs::remove_dir(person.at(".codex")).unwrap();
    person.script("claude", "echo '2.1.329 (Claude Code)'");
    person.done("install --yes");
    let mut window = Window::open(&person.scratch, Agent::Claude, "%1");
    let _ = window.hook("SessionStart", "s1", &json!({}));
    person
}

/// Spoils an installation; doctor says these words in a line of that check and level.
fn check(what: &str, level: &str, name: &str, words: &str, spoil: impl Fn(&Person)) {
    let person = well();
    spoil(&person);
    let output = person.run("doctor");
    let line =
        output.stdout.lines().find(|line| line.starts_with(level) && line.contains(name) && line.contains(words));
    assert!(line.is_some(), "{what}: {output:?}");
    assert_eq!(output.code, Some(i32::from(level == "PROBLEM")), "{what}: {output:?}");
    let json = person.run("doctor --json");
    let findings: Vec<Value> = serde_json::from_str(&json.stdout).unwrap_or_else(|error| panic!("{error}: {json:?}"));
    assert_eq!(findings.len(), output.stdout.lines().count(), "{what}");
}

#[test]
fn a_healthy_installation() {
    check("nothing", "ok", "entries", "on 7 events", |_| {});
    let output = well().done("doctor");
    assert!(!output.stdout.contains("PROBLEM"), "{output:?}");
}

fn settings(person: &Person, edit: impl Fn(&mut Value)) {
    let path = ".claude/settings.json";
    let mut value: Value = serde_json::from_slice(&person.read(path)).unwrap();
    edit(&mut value);
    person.write(path, value.to_string());
}

#[test]
fn of_agents_and_entries() {
    check("a newer version", "note", "agents", "newer than", |person| {
        person.script("claude", "echo '9.0.0 (Claude Code)'")
    });
    check("no program", "note", "agents", "not on the PATH", |person| {
        fs::remove_file(person.scripts().join("claude")).unwrap()
    });
    check("no entry", "PROBLEM", "entries", "does not call baton: run", |person| drop(person.done("uninstall --yes")));
    check("an entry gone", "PROBLEM", "entries", "on Stop: run", |person| {
        settings(person, |file| drop(file["hooks"].as_object_mut().unwrap().remove("Stop")));
    });
    check("an entry twice", "PROBLEM", "entries", "more than once on Stop", |person| {
        settings(person, |file| {
            let group = file["hooks"]["Stop"][0].clone();
            file["hooks"]["Stop"].as_array_mut().unwrap().push(group);
        });
    });
    check("plugin and settings", "PROBLEM", "entries", "both the plugin baton@baton", |person| {
        settings(person, |file| file["enabledPlugins"] = json!({"baton@baton": true}));
    });
    check("hooks switched off", "PROBLEM", "entries", "disableAllHooks", |person| {
        settings(person, |file| file["disableAllHooks"] = json!(true))
    });
    check("broken settings", "PROBLEM", "entries", "line 1", |person| person.write(".claude/settings.json", "{"));
    check("another loop", "note", "loops", "ralph-loop@official", |person| {
        settings(person, |file| file["enabledPlugins"] = json!({"ralph-loop@official": true}));
    });
    check("edited since", "ok", "receipt", "edited since", |person| settings(person, |file| file["a"] = json!(1)));
}

#[test]
fn of_the_program() {
    // The program that runs doctor is another one than the one that is wired.
    let person = well();
    let other = person.at("baton");
    fs::copy(person.program(), &other).unwrap();
    fs::remove_file(person.program()).unwrap();
    let output = person.scratch.program(&other, ["doctor"]).run();
    assert!(output.stdout.contains("cannot be run: run `baton install`"), "{output:?}");
    fs::write(person.program(), "#!/bin/sh\necho baton 0.0.1\n").unwrap();
    fs::set_permissions(person.program(), fs::Permissions::from_mode(0o755)).unwrap();
    let output = person.scratch.program(&other, ["doctor"]).run();
    assert!(output.stdout.contains("is baton 0.0.1, this is baton"), "{output:?}");
    assert_eq!(output.code, Some(1));
}

#[test]
fn of_the_state() {
    let state = |person: &Person| person.scratch.state_dir();
    check("an event", "ok", "events", "last called", |_| {});
    check("no state", "note", "state", "first event makes it", |person| fs::remove_dir_all(state(person)).unwrap());
    check("open to others", "PROBLEM", "state", "open to others", |person| {
        fs::set_permissions(state(person), fs::Permissions::from_mode(0o755)).unwrap();
    });
    check("a newer format", "PROBLEM", "format", "newer baton", |person| {
        let path = state(person).join("format");
        let mut format: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        format["format"] = json!(99);
        fs::write(&path, format.to_string()).unwrap();
    });
    check("an unreadable record", "PROBLEM", "records", "s1.json", |person| {
        fs::write(state(person).join("sessions/s1.json"), "{").unwrap()
    });
    check("an event that waits", "note", "inbox", "1 events wait", |person| {
        fs::create_dir(state(person).join("inbox")).unwrap();
        fs::write(state(person).join("inbox/x.json"), "{}").unwrap();
    });
    check("a commit cut off", "PROBLEM", "state", "cut off", |person| {
        fs::write(state(person).join("commit.json"), "{").unwrap()
    });
}

#[test]
fn fix_puts_right_what_it_can() {
    let person = well();
    let state = person.scratch.state_dir();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(person.run("doctor").code, Some(1));
    person.done("doctor --fix");
    assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    fs::write(state.join("commit.json"), "{").unwrap();
    assert_eq!(person.run("doctor").code, Some(1));
    person.done("doctor --fix");
    assert!(!state.join("commit.json").exists());
}

#[test]
fn of_trust() {
    let person = Person::new();
    person.done("install --yes --agent codex");
    let said = |words: &str| {
        let output = person.run("doctor");
        output.stdout.lines().filter(|line| line.contains("trust ") && line.contains(words)).count()
    };
    assert_eq!(said("untrusted"), 7);
    let key = format!("{}:stop:0:0", person.at(".codex/hooks.json").display());
    person.write(".codex/config.toml", format!("[hooks.state.\"{key}\"]\ntrusted_hash = \"sha256:00\"\n"));
    assert_eq!((said("codex Stop: modified"), said("untrusted")), (1, 6));
}
