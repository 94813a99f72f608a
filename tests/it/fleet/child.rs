//! `baton-fleet` is missing, damaged or killed: the agent goes on, and the next call works.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use agent_baton_tests::program;
use baton_test_postgres::Fault;
use baton_test_postgres::fleet::{Fleet, Machine};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::refusal::{below, check_refused, prompt_of};
use super::{end_outage, owner};

/// What stands in the place of `baton-fleet`, of which `REAL` is the path, and a part of the message about it.
type Case = (&'static str, &'static str);

const CASES: [Case; 6] = [
    // Of another version: it is told one that it does not have.
    ("exec sed -u 's/\"version\":\"[^\"]*\"/\"version\":\"0.0.0\"/' | REAL", "0.0.0"),
    ("exit 1", "baton-fleet"),
    ("kill -9 $$", "baton-fleet"),
    ("while read -r line; do echo rubbish sEcret; done", "baton-fleet"),
    ("while read -r line; do printf '{\"answer\":\"done\"}\\n'; done", "baton-fleet"),
    ("exec cat /dev/zero", "baton-fleet"),
];

/// Returns a `baton` of its own for the test, beside which there is no `baton-fleet` yet.
fn alone(machine: &Machine) -> PathBuf {
    let bin = machine.scratch.root().join("alone");
    std::fs::create_dir(&bin).unwrap();
    let baton = bin.join("baton");
    program::link(program::baton(), &baton).unwrap();
    baton
}

/// Puts a script beside `baton`.
fn put(baton: &Path, script: &str) {
    let path = baton.with_file_name("baton-fleet");
    let real = program::baton_fleet().display().to_string();
    // A new file each time: a script that is running cannot be written to.
    let temporary = baton.with_file_name("temporary");
    std::fs::write(&temporary, format!("#!/bin/sh\n{}\n", script.replace("REAL", &real))).unwrap();
    std::fs::set_permissions(&temporary, Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(temporary, path).unwrap();
}

#[test]
fn a_damaged_one_is_named_and_the_next_call_works() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    let baton = alone(&a);
    check_refused(&a, &mut window, &baton, ("a missing program", "not installed"));
    put(&baton, "exit 0");
    std::fs::set_permissions(baton.with_file_name("baton-fleet"), Permissions::from_mode(0o644)).unwrap();
    check_refused(&a, &mut window, &baton, ("a program that may not be executed", "denied"));
    for (script, part) in CASES {
        end_outage(&a);
        put(&baton, script);
        check_refused(&a, &mut window, &baton, (script, part));
    }
    put(&baton, "exec REAL");
    let finished = below(&mut window, &baton, &["run", "finish", "demo"], String::new());
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn one_that_is_killed_during_a_question_leaves_one_owner_and_no_marker() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    let baton = alone(&a);
    let pid = a.scratch.root().join("pid");
    put(&baton, &format!("echo $$ > '{}'; exec REAL", pid.display()));
    // During the read, and during the commit, before and after it happened.
    let faults = [(0, Fault::DelayStatement), (1, Fault::DelayStatement), (1, Fault::DelayAnswer)];
    for (number, (statement, fault)) in faults.into_iter().enumerate() {
        let phase = format!("phase{number}");
        a.proxy.after(statement, fault);
        let ended = std::thread::scope(|scope| {
            let update = ["run", "update", "demo", "--phase", &phase];
            let command = scope.spawn({
                let (window, baton) = (&mut window, &baton);
                move || below(window, baton, &update, String::new())
            });
            a.proxy.wait_until_delayed();
            let killed: i32 = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
            kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
            let ended = command.join().unwrap();
            a.proxy.release();
            ended
        });
        // The lease covers a new phase if the database was not asked to write it.
        // A commit whose answer was lost with the program is in doubt.
        assert!(matches!(ended.code, Some(0 | 3 | 5)), "{fault:?} {statement}: {ended:?}");
        // The row gets with the next commit what the lease covered.
        let phase = format!("{phase} again");
        let again = below(&mut window, &baton, &["run", "update", "demo", "--phase", &phase], String::new());
        assert_eq!(again.code, Some(0), "{fault:?} {statement}: {again:?}");
        prompt_of(&mut window, &baton, &phase);
        assert!(a.fleet_file("marker.json").is_null(), "{fault:?} {statement}");
        let row = fleet.sql("select fence, record->>'phase', revision from baton.run");
        let copy = a.run();
        let revision = copy.fleet.unwrap().revision;
        assert_eq!(row.trim(), format!("{}|{phase}|{revision}", copy.fence.0), "{fault:?} {statement}");
        a.scratch.state().check();
    }
}
