//! SIGKILL of a command that brings the catalogue up to date, and several such commands at once: the next list is right.

use std::process::{Child, Command, Stdio};

use agent_baton_core::agent::Agent;
use agent_baton_tests::effort::sample;
use agent_baton_tests::history;
use agent_baton_tests::program::baton;
use agent_baton_tests::trace::{self, Fault};
use agent_baton_tests::{Scratch, Window};

/// More sessions than are kept in memory, so that the catalogue is written to its file.
const SESSIONS: usize = 300;

/// How many calls of a command a sample tries.
const SAMPLE: usize = 12;

/// How many commands run at once.
const READERS: usize = 8;

const LIST: [&str; 6] = ["session", "list", "--all", "--json", "--limit", "1000"];

/// Prepares a state. Its catalogue is missing, or does not know the newest sessions.
fn prepare(scratch: &Scratch, is_missing: bool) -> Window<'_> {
    let mut window = Window::open_owner(scratch, Agent::Claude, "%1");
    history::fill(scratch, "s1", SESSIONS);
    if !is_missing {
        list(scratch);
        // The audit names more sessions than are kept in memory.
        let gone = scratch.baton(["gc"]).env("XDG_CONFIG_HOME", short_retention(scratch)).run();
        assert_eq!(gone.code, Some(0), "{gone:?}");
    }
    assert_eq!(window.hook("UserPromptSubmit", "s1", &serde_json::json!({"prompt": "another"})).code, Some(0));
    window
}

/// Writes a configuration under which half of the history has expired, and returns its directory.
fn short_retention(scratch: &Scratch) -> std::path::PathBuf {
    let dir = scratch.home().join("other");
    std::fs::create_dir_all(dir.join("baton")).unwrap();
    std::fs::write(dir.join("baton/config.toml"), "[retention]\nage = \"40d\"\n").unwrap();
    dir
}

/// Returns the ids that the list shows.
fn list(scratch: &Scratch) -> Vec<String> {
    ids(&scratch.baton(LIST).run().stdout)
}

fn ids(listed: &str) -> Vec<String> {
    let listed: serde_json::Value = serde_json::from_str(listed).unwrap_or_else(|error| panic!("{error}: {listed}"));
    listed["sessions"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

fn killed_at_any_call(is_missing: bool) {
    if !trace::is_possible() {
        return;
    }
    let scratch = Scratch::new();
    let mut window = prepare(&scratch, is_missing);
    let before = scratch.state();
    let log = scratch.root().join("calls");
    let argv = std::iter::once(baton().to_str().unwrap()).chain(LIST).map(str::to_owned).collect();
    let run = window.below("s1", argv, String::new());
    let ended = window.process.run(trace::traced(&run, &log));
    let expected = ids(&ended.stdout);
    assert!(expected.len() > SESSIONS / 3, "{ended:?}");
    let calls = trace::calls(&log, &scratch.state_dir().join("cache"));
    let calls: Vec<_> = calls.into_iter().filter(trace::Call::changes).collect();
    assert!(calls.iter().any(|call| call.name.contains("write")), "{calls:?}");
    for call in sample(&calls, SAMPLE) {
        println!("killed at {}", call.line);
        before.put_back(&scratch.state_dir());
        let ended = window.process.run(trace::with_fault(&run, &log, call, Fault::Kill));
        assert_eq!(ended.code, None, "it was not killed: {ended:?}");
        assert_eq!(list(&scratch), expected, "killed at {}", call.line);
        assert_eq!(list(&scratch), expected, "and then read again");
    }
}

#[test]
fn a_command_that_is_killed_while_it_makes_the_catalogue() {
    killed_at_any_call(true);
}

#[test]
fn a_command_that_is_killed_while_it_catches_up() {
    killed_at_any_call(false);
}

/// Starts commands at once, the first of which writes the catalogue. Nobody reads the output of all but one until it has
/// ended, and it does not fit into a pipe: who waits for a reader must not hold up the others.
#[test]
fn commands_at_once_find_the_same() {
    for is_missing in [true, false] {
        let scratch = Scratch::new();
        let _window = prepare(&scratch, is_missing);
        let start = |_| {
            let mut command = Command::new(baton());
            command.args(LIST).env_clear().envs(scratch.env()).stdin(Stdio::null()).stdout(Stdio::piped());
            command.spawn().unwrap()
        };
        let children: Vec<Child> = (0..READERS).map(start).collect();
        let found: Vec<_> = children.into_iter().map(|it| it.wait_with_output().unwrap()).collect();
        let expected = list(&scratch);
        for output in found {
            assert_eq!(ids(&String::from_utf8_lossy(&output.stdout)), expected, "missing: {is_missing}");
        }
    }
}
