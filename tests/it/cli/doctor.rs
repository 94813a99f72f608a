//! What doctor finds.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use agent_baton_core::agent::Agent;
use agent_baton_tests::mount::Mount;
use agent_baton_tests::process::{Launch, Process};
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
    let text = if person.at(path).exists() { person.read(path) } else { b"{}".to_vec() };
    let mut value: Value = serde_json::from_slice(&text).unwrap();
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
    check("another loop's command", "note", "loops", "/opt/stop-hook.sh", |person| {
        let theirs = json!({"hooks": [{"type": "command", "command": "/opt/stop-hook.sh"}]});
        settings(person, |file| file["hooks"]["Stop"].as_array_mut().unwrap().push(theirs.clone()));
    });
    check("a plugin alone", "ok", "entries", "by the plugin baton@market", |person| {
        person.done("uninstall --yes");
        person.script("baton", &format!("exec {} \"$@\"", person.program().display()));
        settings(person, |file| file["enabledPlugins"] = json!({"baton@market": true}));
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

/// An entry that leaves the program to the PATH: it is looked for on doctor's own, and on that of each living agent.
#[test]
fn of_the_path_of_the_agents() {
    let person = well();
    person.done("uninstall --yes");
    fs::create_dir_all(person.at("work/.git")).unwrap();
    person.done("install --yes --scope project --agent claude");
    let said = |words: &str| {
        let output = person.run("doctor");
        let found = output.stdout.lines().any(|line| line.starts_with("PROBLEM program") && line.contains(words));
        assert_eq!(output.code, Some(i32::from(found)), "{output:?}");
        found
    };
    assert!(said("which is not on the PATH here"));
    person.script("baton", &format!("exec {} \"$@\"", person.program().display()));
    assert!(!said("PATH"));
    let mut window = Window::open(&person.scratch, Agent::Claude, "%7");
    let _ = window.hook("SessionStart", "s7", &json!({}));
    let pid = window.process.pid();
    assert!(said(&format!("claude: pid {pid} was started with a PATH that has no baton")));
    window.process.kill();
    assert!(!said("PATH"));
}

#[test]
fn of_the_last_event() {
    let person = well();
    let mut window = Window::open(&person.scratch, Agent::Claude, "%1");
    for event in ["SessionStart", "UserPromptSubmit", "Stop", "Stop"] {
        let _ = window.hook(event, "s1", &json!({"prompt": "words"}));
    }
    let output = person.done("doctor");
    let took = output.stdout.lines().find_map(|line| line.split_once("its last Stop took ")).map(|(_, took)| took);
    let ms: f64 = took.and_then(|took| took.strip_suffix(" ms")).and_then(|ms| ms.parse().ok()).expect("a duration");
    assert!(ms > 0.0 && ms < 2000.0, "{output:?}");
}

#[test]
fn of_the_state() {
    let state = |person: &Person| person.scratch.state_dir();
    check("an event", "ok", "events", "last called", |_| {});
    check("a clock set back", "note", "clock", "1 sessions are from the future", |person| {
        let path = state(person).join("sessions/s1.json");
        let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        record["updated"]["unix_ms"] = json!(9_999_999_999_999_u64);
        fs::write(&path, record.to_string()).unwrap();
    });
    check("events that nobody takes", "PROBLEM", "inbox", "65 events wait", |person| {
        fs::create_dir(state(person).join("inbox")).unwrap();
        (0..65).for_each(|n| fs::write(state(person).join(format!("inbox/{n}.json")), "{}").unwrap());
    });
    check("files set aside", "note", "inbox", "1 files were set aside", |person| {
        fs::create_dir_all(state(person).join("archive/aside")).unwrap();
        fs::write(state(person).join("archive/aside/x"), "{").unwrap();
    });
    check("an unreadable run", "PROBLEM", "records", "r1.json", |person| {
        fs::write(state(person).join("runs/r1.json"), "null").unwrap()
    });
    check("another's", "PROBLEM", "state", "state", |person| {
        fs::remove_dir_all(state(person)).unwrap();
        fs::write(state(person), "").unwrap();
    });
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

/// The line of a check that found something wrong.
fn problem(person: &Person, name: &str, words: &str) {
    let output = person.run("doctor");
    let found =
        output.stdout.lines().any(|line| line.starts_with("PROBLEM") && line.contains(name) && line.contains(words));
    assert!(found && output.code == Some(1), "{words}: {output:?}");
}

#[test]
fn of_a_holder_of_the_lock_that_is_frozen() {
    let person = well();
    let mut frozen = Process::spawn(&person.scratch, &Launch { comm: "codex", args: &[], tty: false }, None);
    frozen.lock(&person.scratch.state_dir().join("lock"));
    frozen.stop();
    problem(&person, "state", "another call has held the lock for 2 seconds");
    problem(&person, "state", "fuser");
    // Nothing can be put right meanwhile, and that is said.
    let output = person.run("doctor --fix");
    assert_eq!(output.code, Some(1), "{output:?}");
    frozen.kill();
    person.done("doctor");
}

#[test]
fn of_a_file_system_that_is_full_or_cannot_be_written() {
    let person = well();
    let state = person.scratch.state_dir();
    let kept = person.scratch.root().join("kept");
    fs::rename(&state, &kept).unwrap();
    let Some(mount) = Mount::tmpfs(&state, 4096) else { return };
    let _ = Window::open(&person.scratch, Agent::Claude, "%2").hook("SessionStart", "s2", &json!({}));
    // Less than what lets baton work for long is left from the beginning.
    problem(&person, "state", "KiB are left on its file system: free space");
    mount.read_only(true);
    problem(&person, "sandbox", "cannot be written from here: run `baton install --writable`");
}

#[test]
fn of_the_sandbox_of_codex() {
    let person = Person::new();
    person.done("install --yes --agent codex");
    let said =
        |words: &str| person.run("doctor").stdout.lines().any(|line| line.contains("sandbox") && line.contains(words));
    assert!(said("`baton install --writable` opens it"));
    person.done("install --yes --agent codex --writable");
    assert!(said("may write the state"));
}

#[test]
fn of_a_machine_without_agents() {
    let person = Person::new();
    for dir in [".claude", ".codex"] {
        fs::remove_dir(person.at(dir)).unwrap();
    }
    problem(&person, "agents", "no agent was found");
}

#[test]
fn fix_makes_the_index_anew() {
    let person = well();
    let state = person.scratch.state_dir();
    fs::remove_dir_all(state.join("index")).unwrap();
    problem(&person, "state", "its index is not whole: the next change makes it anew, or `baton doctor --fix`");
    person.done("doctor --fix");
    assert!(state.join("index/whole").exists());
    person.done("doctor");
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
