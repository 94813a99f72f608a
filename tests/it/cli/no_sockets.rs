//! baton opens no socket: only the live view has one, and that is a program of its own.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use agent_baton_core::agent::Agent;
use agent_baton_tests::program::baton;
use agent_baton_tests::{Scratch, Window, trace};
use serde_json::json;

/// Every command, but for those that start the live view. What asks or edits does nothing here, and finds out that first.
const COMMANDS: &[&str] = &[
    "",
    "status --json",
    "status --line",
    "run start another",
    "run list --all",
    "run show demo",
    "run update demo --phase x",
    "run verify demo",
    "run pause demo",
    "run continue demo",
    "run adopt demo",
    "run log demo",
    "run with name -- true",
    "run finish demo",
    "run cancel demo",
    "session list --all",
    "session show last",
    "session name last new",
    "session pin last",
    "session dismiss last",
    "session discover",
    "session export last",
    "session delete last",
    "session restore last",
    "resume --dry-run",
    "go last",
    "answer last words",
    "project list",
    "project show",
    "project save",
    "project restore",
    "install --dry-run",
    "uninstall --dry-run",
    "doctor",
    "config",
    "gc",
    "explain last",
    "log",
    "schema",
    "completions bash",
    "man",
    "disable",
    "enable",
];

/// Returns the network's system calls in a log that were made by baton, and not by a program that it executed.
fn network_calls(log: &Path) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap();
    let mut others = HashSet::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let (pid, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if call.starts_with("execve(") && !call.contains(baton().to_str().unwrap()) {
            others.insert(pid);
        } else if call.contains('(') && !call.starts_with("execve") && !others.contains(pid) {
            found.push(call.to_owned());
        }
    }
    found
}

#[test]
fn no_command_and_no_event_opens_a_socket() {
    if !trace::is_possible() {
        return;
    }
    let scratch = Scratch::new();
    let mut window = Window::open_owner(&scratch, Agent::Claude, "%1");
    let log = scratch.root().join("calls");
    for event in ["SessionStart", "UserPromptSubmit", "Stop", "SessionEnd"] {
        let run = window.call("s1", window.payload(event, "s1", &json!({"prompt": "words"})).to_string());
        let ended = window.process.run(trace::traced_calls(&run, &log, "%network,execve"));
        assert_eq!((ended.code, network_calls(&log)), (Some(0), Vec::new()), "{event}");
    }
    for command in COMMANDS {
        let argv = std::iter::once(baton().to_str().unwrap()).chain(command.split_whitespace()).map(str::to_owned);
        let run = window.below("s1", argv.collect(), String::new());
        let ended = window.process.run(trace::traced_calls(&run, &log, "%network,execve"));
        assert_eq!(network_calls(&log), Vec::<String>::new(), "{command}: {ended:?}");
    }
}

#[test]
fn a_socket_would_be_seen() {
    if !trace::is_possible() {
        return;
    }
    let scratch = Scratch::new();
    let mut window = Window::open_owner(&scratch, Agent::Claude, "%1");
    let log = scratch.root().join("calls");
    // bash opens its sockets itself.
    let argv = ["bash", "-c", ": </dev/tcp/127.0.0.1/1"].map(str::to_owned).to_vec();
    window.process.run(trace::traced_calls(&window.below("s1", argv, String::new()), &log, "%network"));
    assert!(network_calls(&log).iter().any(|call| call.starts_with("socket(")), "{log:?}");
}
