//! Tests what a user can set in config.toml, and what a repository cannot.

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_core::run::{Run, Status};
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn own(scratch: &Scratch) -> PathBuf {
    scratch.home().join(".config/baton/config.toml")
}

/// Lets the owner of a run end, moves all records `age_ms` into the past, and resumes the session in another process
/// with this configuration.
fn resumed_after(scratch: &Scratch, config: Option<&str>, age_ms: u64) -> (Ended, Run) {
    interrupted(scratch, config, age_ms);
    let window = Window::open(scratch, Agent::Claude, "%2");
    resumed(scratch, window, &[])
}

/// Lets the owner of a run end, and moves all records `age_ms` into the past.
fn interrupted(scratch: &Scratch, config: Option<&str>, age_ms: u64) {
    let mut owner = Window::open_owner(scratch, Agent::Claude, "%1");
    owner.process.kill();
    for dir in ["sessions", "runs"] {
        for entry in std::fs::read_dir(scratch.state_dir().join(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ext| ext == "json") {
                let mut record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                // Use another boot, so that the wall clock counts.
                let unix_ms = record["updated"]["unix_ms"].as_u64().unwrap() - age_ms;
                record["updated"] = json!({"unix_ms": unix_ms, "boot": "earlier", "boot_ms": 1});
                std::fs::write(&path, record.to_string()).unwrap();
            }
        }
    }
    if let Some(text) = config {
        write(&own(scratch), text);
    }
}

/// Resumes the session in this window. `env` holds variables that a repository's settings add for hooks.
fn resumed(scratch: &Scratch, mut window: Window<'_>, env: &[(&str, &Path)]) -> (Ended, Run) {
    let payload = window.payload("SessionStart", "s1", &json!({"source": "resume"})).to_string();
    let mut call = window.call("s1", payload);
    call.env.extend(env.iter().map(|(name, path)| ((*name).to_owned(), path.to_str().unwrap().to_owned())));
    let ended = window.process.run(call);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    (ended, scratch.state().only_run())
}

const HOUR: u64 = 60 * 60 * 1000;

#[test]
fn the_threshold_of_staleness_is_what_the_user_set() {
    let cases = [
        (None, 2 * HOUR, Status::Active),
        (Some("stale_after = \"1h\""), 2 * HOUR, Status::Abandoned),
        (Some("stale_after = \"3h\""), 2 * HOUR, Status::Active),
        (None, 8 * 24 * HOUR, Status::Abandoned),
        (Some("stale_after = \"30d\""), 8 * 24 * HOUR, Status::Active),
    ];
    for (text, age, expected) in cases {
        let scratch = Scratch::new();
        let (ended, run) = resumed_after(&scratch, text, age);
        assert_eq!((ended.stderr.as_str(), run.status), ("", expected), "{text:?} after {age} ms");
        assert_eq!(ended.stdout.contains("was abandoned"), expected == Status::Abandoned, "{ended:?}");
    }
}

#[test]
fn who_resumes_a_stale_run_is_told_with_the_command_that_brings_it_back() {
    let scratch = Scratch::new();
    interrupted(&scratch, None, 8 * 24 * HOUR);
    // Open a second session of the project, so that a command without a session would be ambiguous.
    let mut other = Window::open(&scratch, Agent::Claude, "%3");
    let offered = other.hook("SessionStart", "s2", &json!({"source": "startup"}));
    assert!(offered.stdout.contains("--session s2"), "{offered:?}");
    let mut window = Window::open(&scratch, Agent::Claude, "%2");
    let told = window.hook("SessionStart", "s1", &json!({"source": "resume"}));
    let reply: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(reply.get("hookSpecificOutput"), None, "the model is told nothing: {told:?}");
    let words = reply["systemMessage"].as_str().unwrap();
    assert!(words.contains("nothing happened for 8 days (the limit, stale_after, is 7 days)"), "{words}");
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    let command = words.split("`baton ").last().and_then(|rest| rest.split_once('`')).unwrap().0;
    let adopted = scratch.baton(command.split(' ')).run();
    assert_eq!(adopted.code, Some(0), "{command}: {adopted:?}");
    assert_eq!((scratch.state().only_run().status, scratch.state().only_run().fence.0), (Status::Active, 2));
}

#[test]
fn a_file_that_cannot_be_used_is_named_in_one_line_and_the_defaults_hold() {
    let cases = [
        ("messages = \"off\"\nstale_after = \"soon\"", "line 2", "stale_after"),
        ("\n\nstale = \"1h\"", "line 3", "stale"),
        ("stale_after = \"1h\"\n[retention]\nsessions = -1", "line 3", "sessions"),
        ("stale_after = ", "line 1", "quoted"),
    ];
    for (text, line, key) in cases {
        let scratch = Scratch::new();
        // No part of an invalid file counts: by default, two hours are not too long.
        let (ended, run) = resumed_after(&scratch, Some(text), 2 * HOUR);
        assert_eq!((run.status, run.fence.0), (Status::Active, 2), "{text}");
        let path = own(&scratch);
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        for part in [path.to_str().unwrap(), line, key] {
            assert!(ended.stderr.contains(part), "{part} is not in {:?}", ended.stderr);
        }
    }
}

/// Each variable, with the path of the file below its directory.
const NAMES: [(&str, &str); 2] = [("XDG_CONFIG_HOME", "baton/config.toml"), ("HOME", ".config/baton/config.toml")];

/// Returns variables that name this place. A relative value does not count, so `HOME` decides then.
fn naming<'a>(variable: &'a str, place: &'a Path) -> Vec<(&'a str, &'a Path)> {
    let mut env = vec![(variable, place)];
    if variable == "HOME" {
        env.push(("XDG_CONFIG_HOME", Path::new("relative")));
    }
    env
}

#[test]
fn what_a_repositorys_settings_name_is_not_read_and_what_the_user_set_holds() {
    for (variable, file) in NAMES {
        for place in ["home/work/planted", "home/cloned/planted", "elsewhere", "absent"] {
            let scratch = Scratch::new();
            let planted = scratch.root().join(place);
            if place != "absent" {
                write(&planted.join(file), "stale_after = \"1s\"");
            }
            interrupted(&scratch, Some("stale_after = \"30d\""), 8 * 24 * HOUR);
            let window = Window::open(&scratch, Agent::Claude, "%2");
            let (ended, run) = resumed(&scratch, window, &naming(variable, &planted));
            assert_eq!((ended.stderr.as_str(), run.status, run.fence.0), ("", Status::Active, 2), "{variable} {place}");
        }
    }
}

#[test]
fn what_the_agent_was_started_with_names_the_file_but_for_one_in_a_worktree() {
    for (variable, file) in NAMES {
        for (worktree, expected) in [(false, Status::Abandoned), (true, Status::Active)] {
            let scratch = Scratch::new();
            let named = scratch.root().join("mine");
            write(&named.join(file), "stale_after = \"1h\"");
            if worktree {
                write(&named.join(".git/HEAD"), "ref: refs/heads/main\n");
            }
            interrupted(&scratch, None, 2 * HOUR);
            for (name, value) in naming(variable, &named) {
                scratch.set(name, value.to_str());
            }
            let (ended, run) = resumed(&scratch, Window::open(&scratch, Agent::Claude, "%2"), &[]);
            assert_eq!(run.status, expected, "{variable}: {ended:?}");
            assert_eq!(ended.stderr.lines().count(), usize::from(worktree), "{ended:?}");
            assert_eq!(ended.stderr.contains("is not read") && ended.stderr.contains("mine"), worktree, "{ended:?}");
        }
    }
}

#[test]
fn an_agent_in_a_tool_of_another_has_the_configuration_of_the_outer_one() {
    let scratch = Scratch::new();
    let planted = scratch.root().join("planted");
    write(&planted.join("baton/config.toml"), "stale_after = \"1s\"");
    interrupted(&scratch, None, 2 * HOUR);
    let mut outer = Window::open(&scratch, Agent::Codex, "%2");
    scratch.set("XDG_CONFIG_HOME", planted.to_str());
    let inner = Window::open_inside(&mut outer, "s2", Agent::Claude);
    let (ended, run) = resumed(&scratch, inner, &[("XDG_CONFIG_HOME", &planted)]);
    assert_eq!((ended.stderr.as_str(), run.status), ("", Status::Active));
}

#[test]
fn below_an_agent_a_command_has_the_configuration_that_hooks_have() {
    let scratch = Scratch::new();
    write(&own(&scratch), "stale_after = \"30d\"");
    let mut window = Window::open(&scratch, Agent::Claude, "%1").with("XDG_CONFIG_HOME", "/nonexistent");
    let shown = window.baton("s1", &["config", "--json"]);
    assert!(shown.stdout.contains("30d"), "{shown:?}");
    let typed = scratch.baton(["config", "--json"]).env("XDG_CONFIG_HOME", "/nonexistent").run();
    assert!(typed.json()["path"].as_str().unwrap().starts_with("/nonexistent"), "a shell's word is the user's");
}

#[test]
fn a_database_is_listed_without_its_password_and_only_the_user_names_one() {
    let scratch = Scratch::new();
    let listed = |printed: &Ended, key: &str| {
        let view: Value = serde_json::from_str(&printed.stdout).unwrap();
        let settings = view["settings"].as_array().unwrap().clone();
        settings.into_iter().find(|it| it["key"] == key).unwrap()["value"].clone()
    };
    let planted = scratch.root().join("planted");
    let text = "[fleet]\nurl = \"postgres://me:tops3cret@db/fleet\"\ntakeover = \"lapsed\"\n";
    write(&planted.join("baton/config.toml"), text);
    let mut window = Window::open(&scratch, Agent::Claude, "%1").with("XDG_CONFIG_HOME", planted.to_str().unwrap());
    let below = window.baton("s1", &["config", "--json"]);
    assert_eq!((listed(&below, "fleet.url"), listed(&below, "fleet.takeover")), (Value::Null, json!("ask")));
    write(&own(&scratch), text);
    let own = window.baton("s1", &["config", "--json"]);
    assert_eq!(listed(&own, "fleet.url"), "postgres://me:***@db/fleet");
    for printed in [format!("{own:?}"), format!("{:?}", scratch.baton(["config"]).run())] {
        assert!(printed.contains("postgres://me:***@db/fleet") && !printed.contains("s3cret"), "{printed}");
    }
}

#[test]
fn the_fast_path_reads_no_configuration() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "first"})));
    write(&own(&scratch), "no = [");
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "second"})));
    assert_no_output(&window.hook("Stop", "s1", &json!({})));
}
