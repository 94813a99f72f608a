//! The first event of a new state does not wait for other programs' writes.

use agent_baton_core::agent::Agent;
use agent_baton_tests::trace::{self, calls, traced};
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

/// `syncfs(2)` waits for the dirty pages of every program, and the hook's alarm cannot interrupt it.
#[test]
fn the_first_events_sync_their_own_files_alone() {
    if !trace::is_possible() {
        return;
    }
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let log = scratch.root().join("calls");
    // A session's first prompt changes its record. The second is a heartbeat, which need not survive a crash.
    for (event, fields, is_committed) in [
        ("SessionStart", json!({}), true),
        ("UserPromptSubmit", json!({"prompt": "the first prompt"}), true),
        ("UserPromptSubmit", json!({"prompt": "the second prompt"}), false),
        ("SessionEnd", json!({"reason": "prompt_input_exit"}), true),
    ] {
        let payload = window.payload(event, "s1", &fields).to_string();
        let ended = window.process.run(traced(&window.call("s1", payload), &log));
        assert_eq!(ended.code, Some(0), "{event}: {ended:?}");
        assert_no_output(&ended);
        let calls = calls(&log, &scratch.state_dir());
        assert!(!calls.is_empty(), "{event}: nothing was traced");
        let whole: Vec<_> = calls.iter().filter(|call| ["syncfs", "sync"].contains(&call.name.as_str())).collect();
        assert!(whole.is_empty(), "{event}: {whole:?}");
        let synced = calls.iter().any(|call| call.name == "fsync");
        assert_eq!(synced, is_committed, "{event} {fields}");
    }
}
