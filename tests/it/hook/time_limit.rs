//! What ends a call that does not get on. `docs/design/time-limit.md` explains it.

use std::time::Duration;

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::Run;
use agent_baton_tests::mount::Mount;
use agent_baton_tests::trace::{self, calls_named, traced_calls};
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

/// Runs a call below other programs.
fn below(words: &[&str], call: Run) -> Run {
    let argv = words.iter().map(|word| (*word).to_owned()).chain(call.argv.iter().cloned()).collect();
    Run { argv, ..call }
}

/// A limit that is set again counts from anew: a slow `Stop` took twice the time.
#[test]
fn the_limit_is_set_once() {
    if !trace::is_possible() {
        return;
    }
    for looping in [false, true] {
        let scratch = Scratch::new();
        let mut window = Window::open(&scratch, Agent::Claude, "%1");
        assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
        assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
        if looping {
            assert_eq!(window.baton("s1", &["run", "start", "demo", "--loop", "--prompt", "On."]).code, Some(0));
        }
        let log = scratch.root().join("calls");
        let payload = window.payload("Stop", "s1", &json!({"last_assistant_message": "part 1"})).to_string();
        let ended = window.process.run(traced_calls(&window.call("s1", payload), &log, "?alarm,?setitimer"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.stdout.contains("block"), looping, "{ended:?}");
        let set = calls_named(&log, &["alarm", "setitimer"]);
        assert_eq!(set.len(), 1, "{set:?}");
    }
}

/// A process that waits for such a file system wakes up at a fatal signal only, so a handler never runs.
#[test]
fn a_file_system_that_never_answers_holds_no_agent_up() {
    let scratch = Scratch::new();
    let Some(_hung) = Mount::unanswered(&scratch.state_dir()) else { return };
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    for event in ["SessionStart", "UserPromptSubmit"] {
        let payload = window.payload(event, "s1", &json!({"prompt": "words"})).to_string();
        // Only a call that does not end by itself gets this signal. `timeout` then exits with 124.
        let ended = window.process.run(below(&["timeout", "--signal=USR1", "60"], window.call("s1", payload)));
        assert_eq!((ended.code, ended.stdout.as_str()), (None, ""), "{ended:?}");
        let took = Duration::from_nanos(ended.wall_ns);
        assert!(took >= Duration::from_secs(2), "nothing hung: {took:?}");
    }
}
