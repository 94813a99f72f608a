//! baton opens no socket: only the live view has one, and that is a program of its own.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use agent_baton_core::agent::Agent;
use agent_baton_tests::program::baton;
use agent_baton_tests::{Scratch, Window, trace};
use serde_json::json;

/// Every command with its arguments. What asks or edits does nothing here, and finds out that first.
const COMMANDS: &[(&str, &str)] = &[
    ("", ""),
    ("status", "--json"),
    ("status", "--line"),
    ("hook", "--agent claude"),
    ("top", "--help"),
    ("serve", "--help"),
    ("run", ""),
    ("run start", "another"),
    ("run list", "--all"),
    ("run show", "demo"),
    ("run update", "demo --phase x"),
    ("run verify", "demo"),
    ("run pause", "demo"),
    ("run continue", "demo"),
    ("run adopt", "demo"),
    ("run log", "demo"),
    ("run with", "name -- true"),
    ("run with-command", "demo 1 -- true"),
    ("run finish", "demo"),
    ("run cancel", "demo"),
    ("session", ""),
    ("session list", "--all"),
    ("session show", "last"),
    ("session name", "last new"),
    ("session pin", "last"),
    ("session dismiss", "last"),
    ("session discover", ""),
    ("session export", "last --out exported.tar.gz"),
    ("session delete", "last"),
    ("session restore", "last"),
    ("session import", "exported.tar.gz"),
    ("resume", "--dry-run"),
    ("resume", "last"),
    ("go", "last"),
    ("answer", "last words"),
    ("handoff", "last"),
    ("pickup", ""),
    ("fleet", ""),
    ("fleet init", ""),
    ("fleet join", "--no-timer"),
    ("fleet leave", ""),
    ("fleet status", ""),
    ("fleet witness", "--quiet"),
    ("fleet recover", ""),
    ("fleet show", "--what-is-stored"),
    ("project", ""),
    ("project list", ""),
    ("project show", ""),
    ("project save", ""),
    ("project restore", ""),
    ("explain", "last"),
    ("log", ""),
    ("decide", ""),
    ("replay", ""),
    ("gc", ""),
    ("config", ""),
    ("demo", ""),
    ("install", "--dry-run"),
    ("install", "--yes"),
    ("doctor", ""),
    ("uninstall", "--dry-run"),
    ("uninstall", "--yes"),
    ("schema", ""),
    ("completions", "bash"),
    ("man", ""),
    ("disable", ""),
    ("enable", ""),
];

/// Returns the sockets that a line of the log names.
fn sockets(line: &str) -> impl Iterator<Item = &str> {
    line.split("<socket:[").skip(1).filter_map(|rest| rest.split(']').next())
}

/// Returns the network's system calls in a log that were made by baton, and not by a program that it executed. A pair of
/// sockets leads nowhere else: by one the standard library learns whether a new process could be started.
fn network_calls(log: &Path) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap();
    let mut others = HashSet::new();
    let mut found = Vec::new();
    let paired: HashSet<&str> = text.lines().filter(|line| line.contains("socketpair")).flat_map(sockets).collect();
    for line in text.lines() {
        let (pid, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if call.starts_with("execve(") && !call.contains(baton().to_str().unwrap()) {
            others.insert(pid);
        } else if call.starts_with("socketpair(AF_UNIX") || sockets(call).any(|socket| paired.contains(socket)) {
            // It stays between two processes of baton.
        } else if call.contains('(') && !call.starts_with("execve") && !others.contains(pid) {
            found.push(call.to_owned());
        }
    }
    found
}

/// Every command has a snapshot, which a test of the command line itself compares with what there is.
#[test]
fn every_command_is_tried() {
    let tried: BTreeSet<&str> = COMMANDS.iter().map(|(command, _)| *command).collect();
    assert_eq!(tried, super::snapshots::commands().collect());
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
    for (command, arguments) in COMMANDS {
        let words = command.split_whitespace().chain(arguments.split_whitespace());
        let argv = std::iter::once(baton().to_str().unwrap()).chain(words).map(str::to_owned);
        let run = window.below("s1", argv.collect(), String::new());
        let ended = window.process.run(trace::traced_calls(&run, &log, "%network,execve"));
        assert_eq!(network_calls(&log), Vec::<String>::new(), "{command} {arguments}: {ended:?}");
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
