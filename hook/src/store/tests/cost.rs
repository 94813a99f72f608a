//! What a commit costs, against the same files written and synced one by one.

use std::fs;
use std::time::{Duration, Instant};

use crate::store::file;
use crate::store::sample::*;

#[test]
#[ignore = "measures; run with --ignored --nocapture on a disk that is otherwise idle"]
fn a_transfer_costs_at_most_thrice_its_bare_writes() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_at(&dir.path().join("state"));
    let mut locked = lock(&store);
    put(&mut locked, vec![live_session(session("s", 1)), live_run(run("r", "s", 1))]).unwrap();
    let bare = dir.path().join("bare");
    file::make_dir(&bare).unwrap();
    let bytes = serde_json::to_vec(&session("s", 1)).unwrap();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 2..40 {
        let mut s = session("s", 1);
        s.launches.push(launch(round));
        let mut r = run("r", "s", round);
        r.fence.0 = u64::from(round);
        let from = Instant::now();
        put(&mut locked, vec![live_session(s), live_run(r)]).unwrap();
        ours.push(from.elapsed());
        let from = Instant::now();
        // Two records, the links of process and pane (new ones, and those taken out), each as one file, and the audit.
        for name in ["session", "run", "process", "pane", "audit"] {
            file::replace(&bare.join("temp"), &bare.join(name), &bytes).unwrap();
        }
        theirs.push(from.elapsed());
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    println!("a transfer {ours:?}, its bare writes {theirs:?}");
    assert!(ours < 3 * theirs, "{ours:?} {theirs:?}");
    fs::remove_dir_all(bare).unwrap();
}
