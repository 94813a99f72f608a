//! Measures what a fleet costs, against a real PostgreSQL. `bench ROUNDS fleet [RUNS]` starts it, with the program to measure in
//! `BATON_BIN`. With `plans` after that, it prints which statements read a whole large table instead. It is a program of its own
//! because the harness of PostgreSQL is built upon the one of `bench`.

#[allow(dead_code, reason = "the other benchmark fills a state, too")]
#[path = "../crowded.rs"]
mod crowded;
mod fill;
#[path = "../pairs.rs"]
mod pairs;
mod plans;
mod takeovers;
mod witness;

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::{Scratch, Window};
use baton_test_postgres::Postgres;
use baton_test_postgres::fleet::Fleet;
use serde_json::Value;

/// The session that every measured call is about.
const SESSION: &str = "0b8f9c4e-5a1d-4f57-9a53-3a5f6c1e2d70";

/// How many runs the crowded database has, unless told.
const RUNS: usize = 1_000_000;

/// How many runs of other sessions and projects are in the fleet while a session without a run of the fleet is measured. One in a
/// hundred is unfinished.
const OTHER_RUNS: usize = 10_000;

/// A transfer syncs files and asks the database, so fewer rounds suffice.
const SLOW_SHARE: usize = 5;

fn main() {
    let mut numbers = std::env::args().skip(1).take(2).map(|text| text.parse::<usize>().expect("a number"));
    let (rounds, runs) = (numbers.next().unwrap_or(1000), numbers.next().unwrap_or(RUNS));
    if Postgres::shared().is_none() {
        return;
    }
    let slow = (rounds / SLOW_SHARE).max(2);
    if std::env::args().nth(3).as_deref() == Some("plans") {
        return plans::whole_table_scans(runs).iter().for_each(|scan| println!("{scan}"));
    }
    println!(
        "\nA run moves to another machine, and a transaction of two statements made by psql over the same socket (at most 3):\n"
    );
    print!("{}", pairs::compared(["psql", "baton"], &[takeovers::against_psql(slow)]));
    println!(
        "\nOn a machine of no fleet, and on one of a fleet, in a session without a run of the fleet (at most 1.02):\n"
    );
    print!("{}", pairs::compared(["no fleet", "a fleet"], &without_fleet_run(rounds)));
    println!(
        "\nIn a database that has no other run, and in one that has {runs} of {} machines (at most 1.2):\n",
        runs / 100
    );
    print!("{}", pairs::compared(["empty", "crowded"], &[takeovers::in_a_crowded_database(slow, runs)]));
    println!("\nOne round of the witness:\n\n{}", witness::table());
}

/// Measures events of sessions that own a run which is not of the fleet.
fn without_fleet_run(rounds: usize) -> Vec<pairs::Pairs> {
    let fleet = Fleet::new().expect("a server");
    let (machine, alone) = (fleet.machine("machine"), Scratch::new());
    // Both are in a worktree, which an event looks for.
    std::fs::create_dir_all(alone.home().join("work/.git")).expect("a directory");
    for file in ["HEAD", "config"] {
        let path = format!("work/.git/{file}");
        std::fs::copy(machine.scratch.home().join(&path), alone.home().join(&path)).expect("a file");
    }
    let other = fleet.machine("other");
    let config = "[remote \"origin\"]\n\turl = git@example.org:team/other.git\n";
    std::fs::write(other.scratch.home().join("work/.git/config"), config).expect("a file");
    let mut connections = 0;
    let all = crowded::compare(rounds, [&alone, &machine.scratch], || {
        takeovers::start(&mut Window::open(&other.scratch, Agent::Claude, "%9"), "another-session");
        fill::fill(&fleet, OTHER_RUNS);
        let _ = machine.witness();
        connections = machine.proxy.connections();
    });
    assert_eq!(machine.proxy.connections(), connections, "no event was to ask the database");
    all
}

/// Sends an event and checks that it succeeds.
fn hook(window: &mut Window<'_>, event: &str, fields: &Value) -> Ended {
    let ended = window.hook(event, SESSION, fields);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{event}: {ended:?}");
    ended
}
