//! A large state that was restored from a copy and has no index. Its recovery is killed half-way, and the next calls
//! complete it.

use std::path::Path;
use std::process::Command;

use agent_baton_core::agent::Agent;
use agent_baton_tests::trace::{self, Call, Fault};
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

const SESSIONS: usize = 1000;
const RUNS: usize = 300;

/// Fills a state with copies of its only session and run, and replaces it by a copy of the whole.
fn fill(scratch: &Scratch) {
    let state = scratch.state_dir();
    let read = |path: &Path| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    let session = read(&state.join("sessions/s1.json"));
    let run_file = std::fs::read_dir(state.join("runs")).unwrap().next().unwrap().unwrap().path();
    let run = read(&run_file);
    for n in 2..=SESSIONS {
        let mut session = session.clone();
        session["id"] = json!(format!("s{n}"));
        session["launches"][0]["process"]["start"] = json!(n);
        session["runs"] = if n <= RUNS { json!([format!("r{n}")]) } else { json!([]) };
        std::fs::write(state.join(format!("sessions/s{n}.json")), session.to_string()).unwrap();
        if n <= RUNS {
            let mut run = run.clone();
            run["id"] = json!(format!("r{n}"));
            run["owner"]["session"] = session["id"].clone();
            run["owner"]["process"] = session["launches"][0]["process"].clone();
            std::fs::write(state.join(format!("runs/r{n}.json")), run.to_string()).unwrap();
        }
    }
    std::fs::remove_file(state.join("index/complete")).unwrap();
    let original = scratch.root().join("original");
    std::fs::rename(&state, &original).unwrap();
    assert!(Command::new("cp").arg("-a").arg(&original).arg(&state).status().unwrap().success());
}

#[test]
fn recovery_that_is_killed_is_ended_by_the_next_calls() {
    // Kill within the commits that raise the fences, and within the rebuild of the index.
    for nth in [150, 600] {
        let scratch = Scratch::new();
        let mut owner = Window::open_owner(&scratch, Agent::Claude, "%1");
        fill(&scratch);
        let mut window = Window::open(&scratch, Agent::Claude, "%2");
        if trace::is_possible() {
            let start = window.payload("SessionStart", "new", &json!({})).to_string();
            let call = Call { name: "rename".to_owned(), nth, line: String::new() };
            let run = trace::with_fault(&window.call("new", start), &scratch.root().join("calls"), &call, Fault::Kill);
            let ended = window.process.run(run);
            // On a slow machine, the call stops by itself before it gets so far, and leaves its event to the next
            // one.
            assert!(ended.code.is_none() || scratch.state_dir().join("inbox").exists(), "{ended:?}");
        }
        let mut calls = 0;
        while !scratch.state_dir().join("sessions/new.json").exists() || scratch.state_dir().join("inbox").exists() {
            calls += 1;
            assert!(calls < 100, "it is never in order");
            let ended = window.hook("SessionStart", "new", &json!({"call": calls}));
            // The owners of the other runs are gone, so some may be offered.
            assert_eq!(ended.code, Some(0), "{ended:?}");
            let only_offers = |text: &str| text.is_empty() || text.contains("has no live owner");
            assert!(only_offers(&ended.stdout), "{ended:?}");
            let only_restored = |text: &str| text.lines().all(|line| line.contains("was restored from a copy"));
            assert!(only_restored(&ended.stderr), "{ended:?}");
        }
        println!("killed at rename {nth}: in order after {calls} calls more");
        let state = scratch.state();
        state.check_records();
        let fences: Vec<u64> = state.runs().iter().map(|run| run.record.fence.0).collect();
        // A fence that was being raised when the call was killed may have been raised twice.
        assert!(fences.len() == RUNS && fences.iter().all(|fence| matches!(fence, 1001 | 2001)), "{nth}: {fences:?}");
        assert!(scratch.state_dir().join("index/complete").exists());
        let run =
            state.sessions().into_iter().find(|kept| kept.record.id.as_str() == "s1").unwrap().record.runs.remove(0);
        let refused = owner.baton("s1", &["run", "update", run.as_str(), "--fence", "1", "--phase", "x"]);
        assert_eq!(refused.code, Some(3), "{refused:?}");
    }
}
