//! `baton` is killed at each of its system calls, or the call fails, while two machines share a run: there is one owner, and the
//! copies equal the row.

use agent_baton_tests::effort::sample;
use agent_baton_tests::trace::{self, Call, Fault};

use crate::fleet::scene::{SCENES, Stage};

/// How many calls of each scene a sample tries.
const SAMPLE: usize = 6;

fn check(name: &str) {
    if !trace::is_possible() {
        return;
    }
    let Some(stage) = Stage::new() else { return };
    let scene = SCENES.iter().find(|scene| scene.name == name).expect("a scene");
    let mut played = stage.prepare(scene);
    let log = played.machine().scratch.root().join("calls");
    let run = trace::traced_alone(&played.act(), &log);
    let ended = played.run(run);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // The calls on the pipes to the database's client, and those on the files.
    let mut calls = trace::calls(&log, &played.machine().scratch.state_dir());
    calls.extend(trace::calls_named(&log, &["write", "read"]).into_iter().filter(|call| call.line.contains("<pipe:")));
    let changes = |call: &&Call| call.changes() || call.line.contains("<pipe:");
    let killed: Vec<_> = calls.iter().filter(changes).map(|call| (call, Fault::Kill)).collect();
    let failing: Vec<_> = calls.iter().map(|call| (call, Fault::Error("EIO"))).collect();
    for faults in [killed, failing] {
        for (call, fault) in sample(&faults, SAMPLE) {
            let what = format!("{name}: {fault:?} at {}", call.line);
            played.rewind();
            let run = played.act();
            let ended = played.run(trace::alone_with_fault(&run, &log, call, *fault));
            assert!(*fault == Fault::Kill || ended.code.is_some(), "{what}: {ended:?}");
            played.check(&what);
        }
    }
}

#[test]
fn at_a_takeover() {
    check("a takeover");
}

#[test]
fn at_an_update() {
    check("an update");
}

#[test]
fn at_an_end() {
    check("an end");
}

#[test]
fn at_a_round_of_the_witness() {
    check("a round of the witness");
}

#[test]
fn at_a_handoff() {
    check("a handoff");
}

#[test]
fn at_a_pickup() {
    check("a pickup");
}
