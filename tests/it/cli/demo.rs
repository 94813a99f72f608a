//! `baton demo`, which leaves nothing behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use agent_baton_tests::{Scratch, program};
use baton_test_postgres::Postgres;

/// Plays the demo at a terminal of 80 columns. `story` is what it has to print, in this order.
fn check(arguments: &[&str], story: &[&str]) {
    // It has to be beside the program under test.
    program::baton_fleet();
    let scratch = Scratch::new();
    let temporary = scratch.root().join("tmp");
    fs::create_dir(&temporary).unwrap();
    // PostgreSQL runs as another account if this is root's.
    for dir in [scratch.root(), &temporary] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let words = ["demo"].iter().chain(arguments).copied();
    let (code, screen) = scratch.baton(words).env("TMPDIR", temporary.to_str().unwrap()).run_at_terminal(80);
    assert_eq!(code, Some(0), "{screen}");
    let text = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    story.iter().fold(text.as_str(), |rest, part| match rest.split_once(part) {
        Some((_, rest)) => rest,
        None => panic!("{part:?} does not follow: {screen}"),
    });
    // A path is one word, however long it is.
    let is_wide = |line: &&str| line.chars().count() > 80 && line.split_whitespace().count() > 1;
    let wide: Vec<&str> = screen.lines().filter(is_wide).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "{screen}");
    assert_eq!(processes_below(temporary.to_str().unwrap()), Vec::<String>::new());
}

/// Returns the commands of the processes that were started with a path in this directory.
fn processes_below(dir: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let commands = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let texts = commands.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
    texts.filter(|text| text.contains(dir)).collect()
}

#[test]
fn a_run_survives_a_crash_and_a_latecomer_is_refused() {
    check(
        &[],
        &[
            "is killed with kill -9.",
            "resumed_same_session",
            "Your fence 1 is stale",
            "status done",
            "The run had one owner at every moment.",
        ],
    );
}

#[test]
fn a_run_moves_between_two_machines_and_the_old_owner_is_told() {
    if Postgres::shared().is_none() {
        return;
    }
    check(
        &["--fleet"],
        &[
            "laptop$ baton fleet init",
            "desktop joined the fleet",
            "is handed over to the machine desktop, with 1 run",
            "picked up session",
            "handed_over",
            "Now desktop is cut off",
            "is at iteration 4",
            "Simulated: the demo ends it",
            "no lease allows this machine to go on",
            "owner_lapsed",
            "is at iteration 5",
            "fence_stale",
            "(to the model) baton: this session no longer owns run",
            "status done",
            "The run had one owner at every moment.",
        ],
    );
}
