//! `baton` is killed at each of its system calls, or the call fails, while two machines share a run: there is one owner, and the
//! copies equal the row.

use agent_baton_tests::effort::sample;
use agent_baton_tests::trace::{self, Call, Fault};

use crate::fleet::scene::{Played, test_each_scene};

/// How many calls of each scene a sample tries.
const SAMPLE: usize = 6;

fn check(played: &mut Played<'_>) {
    if !trace::is_possible() {
        return;
    }
    let log = played.machine().scratch.root().join("calls");
    played.act_without_fault(|run| trace::traced_alone(&run, &log));
    // The calls on the pipes to the database's client, and those on the files.
    let mut calls = trace::calls(&log, &played.machine().scratch.state_dir());
    calls.extend(trace::calls_named(&log, &["write", "read"]).into_iter().filter(|call| call.line.contains("<pipe:")));
    let changes = |call: &&Call| call.changes() || call.line.contains("<pipe:");
    let killed: Vec<_> = calls.iter().filter(changes).map(|call| (call, Fault::Kill)).collect();
    let failing: Vec<_> = calls.iter().map(|call| (call, Fault::Error("EIO"))).collect();
    for faults in [killed, failing] {
        for (call, fault) in sample(&faults, SAMPLE) {
            let what = format!("{}: {fault:?} at {}", played.scene.name, call.line);
            played.rewind();
            let run = played.act();
            let ended = played.run(trace::alone_with_fault(&run, &log, call, *fault));
            assert!(*fault == Fault::Kill || ended.code.is_some(), "{what}: {ended:?}");
            played.check(&what);
        }
    }
}

test_each_scene!(check);
