//! How many system calls an event makes on a machine that is in no fleet.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use agent_baton_core::agent::Agent;
use agent_baton_tests::scenario::BLESS;
use agent_baton_tests::trace::Call;
use agent_baton_tests::{Scratch, Window, program, trace};
use serde_json::json;

/// The table, relative to the source tree. It was written by the program before there were fleets.
const TABLE: &str = "tests/it/hook/system_calls.txt";

/// The events, in the order in which they are sent: what the table calls them, the window and the session.
const EVENTS: [(&str, &str, usize, &str); 9] = [
    ("a session begins", "SessionStart", 0, "fresh"),
    ("the first prompt", "UserPromptSubmit", 0, "fresh"),
    ("a prompt", "UserPromptSubmit", 0, "fresh"),
    ("the end of a turn", "Stop", 0, "fresh"),
    ("a notification", "Notification", 0, "fresh"),
    ("before a compaction", "PreCompact", 0, "fresh"),
    ("a session is resumed in its process", "SessionStart", 1, "s1"),
    ("a run changes its owner", "SessionStart", 2, "s1"),
    ("a session ends", "SessionEnd", 2, "s1"),
];

/// Names of calls whose number says nothing about what baton does: the allocator asks for memory by the length of what was read,
/// and waiting depends on time.
const LEFT_OUT: [&str; 9] =
    ["brk", "clock_nanosleep", "futex", "madvise", "mmap", "mremap", "munmap", "nanosleep", "sched_yield"];

#[test]
fn without_a_fleet_no_event_makes_more_calls_than_before_there_were_fleets() {
    if !trace::is_possible() {
        return;
    }
    let found = counted_events();
    let path = program::workspace().join(TABLE);
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, written(&found)).unwrap();
    }
    let table = fs::read_to_string(&path).unwrap();
    let more: Vec<String> = found.iter().flat_map(|(event, counts)| more_than(&table, event, counts)).collect();
    assert!(
        more.is_empty(),
        "{}\nRemove the calls. `{BLESS}=1 BATON_BIN=PROGRAM cargo test -p agent-baton-tests system_calls` writes the table with \
         what another program does.",
        more.join("\n")
    );
}

type Counts = BTreeMap<String, usize>;

/// Sends the events and counts the calls of each.
fn counted_events() -> Vec<(&'static str, Counts)> {
    let scratch = Scratch::new();
    // An event looks for the worktree up to the root of the file system. Here it finds one.
    let git = scratch.home().join("work/.git");
    fs::create_dir_all(&git).unwrap();
    fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(git.join("config"), "[remote \"origin\"]\n\turl = git@example.org:team/app.git\n").unwrap();
    let fresh = Window::open(&scratch, Agent::Claude, "%1");
    let owner = Window::open_owner(&scratch, Agent::Claude, "%2");
    let mut windows = [fresh, owner, Window::open(&scratch, Agent::Claude, "%3")];
    let log = scratch.root().join("trace");
    let events = EVENTS.map(|(name, event, window, session)| {
        let source = if session == "fresh" { "startup" } else { "resume" };
        let window = &mut windows[window];
        let payload = window.payload(event, session, &json!({"source": source, "prompt": name}));
        let call = window.call(session, payload.to_string());
        let ended = window.process.run(trace::traced_calls(&call, &log, "all"));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{name}: {ended:?}");
        (name, counted(&trace::all_calls(&log), scratch.root()))
    });
    events.into()
}

/// Returns whether a call is a check that only a debug build makes before it closes a file.
fn is_debug_check(call: &Call) -> bool {
    call.name == "fcntl" && call.line.contains("F_GETFD")
}

/// Counts the calls by name. Leaves out those about directories above `root`, whose number depends on where temporary files are.
fn counted(calls: &[Call], root: &Path) -> Counts {
    let mut counts = Counts::new();
    for call in calls.iter().filter(|call| !LEFT_OUT.contains(&call.name.as_str()) && !is_debug_check(call)) {
        let path = call.line.split('"').nth(1).map(Path::new);
        if !path.is_some_and(|path| path != root && path.is_absolute() && root.starts_with(path)) {
            *counts.entry(call.name.clone()).or_default() += 1;
        }
    }
    counts
}

/// Returns a line for each event: its name, and each call with its number.
fn written(events: &[(&str, Counts)]) -> String {
    let number = |(name, count): (&String, &usize)| format!("{name} {count}");
    let line = |(event, counts): &(&str, Counts)| {
        format!("{event}: {}\n", counts.iter().map(number).collect::<Vec<_>>().join(", "))
    };
    events.iter().map(line).collect()
}

/// Returns in which calls an event exceeds its line of the table.
fn more_than(table: &str, event: &str, counts: &Counts) -> Vec<String> {
    let line = table.lines().find_map(|line| line.strip_prefix(event)?.strip_prefix(": "));
    let line = line.unwrap_or_else(|| panic!("{TABLE} has no line about {event}"));
    let expected: BTreeMap<&str, usize> =
        line.split(", ").filter_map(|call| call.split_once(' ')).map(|(name, n)| (name, n.parse().unwrap())).collect();
    let more = |(name, count): (&String, &usize)| {
        let before = expected.get(name.as_str()).copied().unwrap_or_default();
        (*count > before).then(|| format!("{event}: {name} {count} times instead of {before}"))
    };
    counts.iter().filter_map(more).collect()
}
