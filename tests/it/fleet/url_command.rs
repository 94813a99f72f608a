//! The command that prints the database's URL is of no use: baton says so, and never what the command printed.

use agent_baton_tests::program;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use super::refusal::{check_refused, set};
use super::{end_outage, owner, prompt};

/// A shell command, and a part of the message about it.
type Case = (&'static str, &'static str);

const CASES: [Case; 9] = [
    ("echo sEcret >&2; exit 7", "url_command"),
    ("kill -9 $$", "signal: 9"),
    ("printf '\\377\\376sEcret'", "not text"),
    ("echo", "printed nothing"),
    ("echo sEcret", "postgresql://"),
    ("yes sEcret", "url_command"),
    // A password with a newline: the URL ends inside it.
    ("printf 'postgresql://me:sEcret\\nmore@127.0.0.1:1/none\\n'", "port"),
    ("printf 'postgresql://me:s%%Ecret@127.0.0.1:1/none'", "%"),
    ("printf 'postgresql://me:sEcret@db.example/none?sslmode=allow'", "sslmode"),
];

fn set_command(machine: &Machine, script: &str) {
    // What stands in the configuration itself must not have a password.
    let path = machine.scratch.home().join("url-command");
    std::fs::write(&path, script).unwrap();
    set(machine, &format!("url_command = {}", json!(["/bin/sh", path])));
}

#[test]
fn what_it_prints_is_checked_and_never_repeated() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    set(&a, "url_command = [\"/nowhere/sEcret-command\"]");
    check_refused(&a, &mut window, program::baton(), ("a missing command", "cannot be started"));
    for (script, part) in CASES {
        end_outage(&a);
        set_command(&a, script);
        check_refused(&a, &mut window, program::baton(), (script, part));
    }
    // What follows the first line does not count.
    let url = fleet.url(&a);
    set_command(&a, &format!("printf '%s\\n%s\\n' '{}' 'sEcret words'", url.replace('%', "%%")));
    let finished = window.baton("s1", &["run", "finish", "demo"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn one_that_hangs_keeps_one_event_waiting_and_not_the_next_ones() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    let run = a.run();
    let calls = a.scratch.home().join("calls");
    set_command(&a, &format!("echo >> '{}'; sleep 1000", calls.display()));
    let count = || std::fs::read_to_string(&calls).unwrap_or_default().lines().count();
    prompt(&mut window);
    assert_eq!(count(), 1);
    assert!(!a.fleet_file("outage.json").is_null());
    for _ in 0..3 {
        prompt(&mut window);
    }
    assert_eq!(count(), 1, "an event after the outage asks nothing");
    assert_eq!(a.run(), run);
    check_refused(&a, &mut window, program::baton(), ("a command that hangs", "took longer"));
}
