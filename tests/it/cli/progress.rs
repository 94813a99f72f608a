//! The line about work that takes long. Its clock is the work itself: it ends only once the line was seen.

use std::fs;
use std::path::PathBuf;

use agent_baton_tests::Installation;

/// What the line says while Codex is asked about its hooks.
const LINE: &str = "reading the agents' configuration: ";

/// What removes the line.
const REMOVED: &str = "\r\u{1b}[K";

/// An installation whose Codex ends only once a file is there.
fn slow() -> (Installation, PathBuf) {
    let installation = Installation::new();
    let seen = installation.at("seen");
    let wait = format!("case $1 in app-server) while [ ! -e {} ]; do sleep 0.05; done;; esac", seen.display());
    installation.script("codex", &wait);
    (installation, seen)
}

#[test]
fn long_work_says_at_a_terminal_what_it_does_and_removes_that() {
    let (installation, seen) = slow();
    let call = installation.call("install --yes --agent codex --trust").env("TERM", "xterm");
    let (_, screen) = call.watch_at_terminal(80, |screen| {
        if screen.contains(LINE) {
            fs::write(&seen, "").unwrap();
        }
    });
    let (before, after) = screen.rsplit_once(REMOVED).expect("a line that is removed");
    assert!(before.contains(LINE) && !after.contains("reading the agents'"), "{screen}");
    assert!(after.contains("hooks.json"), "{screen}");
}

#[test]
fn elsewhere_it_says_nothing() {
    let (installation, seen) = slow();
    fs::write(seen, "").unwrap();
    let output = installation.run("install --yes --agent codex --trust");
    assert!(!output.stderr.contains("reading the agents'") && !output.stdout.contains('\r'), "{output:?}");
}
