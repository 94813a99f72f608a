//! Limits that the user's shell sets: no signal ends a call. A hook ends with status 0, and says in one line what it could not do.

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::{Ended, Run};
use agent_baton_tests::window::{assert_error, assert_no_output, assert_one_line};
use agent_baton_tests::{Scratch, Window, program};
use serde_json::json;

/// Runs a program under a limit of the shell.
fn run(window: &mut Window<'_>, limit: &str, mut call: Run) -> Ended {
    let script = format!("ulimit {limit} || exit 99; exec \"$@\"");
    call.argv = ["/bin/bash", "-c", &script, "bash"].map(str::to_owned).into_iter().chain(call.argv).collect();
    window.process.run(call)
}

fn hook(window: &mut Window<'_>, limit: &str, event: &str, session: &str) -> Ended {
    let payload = window.payload(event, session, &json!({"prompt": "words"})).to_string();
    let call = window.call(session, payload);
    run(window, limit, call)
}

fn command(window: &mut Window<'_>, limit: &str, words: &[&str]) -> Ended {
    let argv = std::iter::once(program::baton().to_str().unwrap()).chain(words.iter().copied());
    let call = window.below("s1", argv.map(str::to_owned).collect(), String::new());
    run(window, limit, call)
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_no_signal() {
    for (limit, event, session) in [
        ("-f 0", "UserPromptSubmit", "s1"),
        ("-f 0", "Stop", "s1"),
        ("-f 0", "SessionStart", "s2"),
        ("-f 1", "SessionStart", "s2"),
    ] {
        let scratch = Scratch::new();
        let mut window = Window::open(&scratch, Agent::Claude, "%1");
        assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
        let ended = hook(&mut window, limit, event, session);
        assert_one_line(&ended, 0);
        assert!(ended.stderr.contains("ulimit -f"), "{limit} {event}: {ended:?}");
        let ended = command(&mut window, limit, &["run", "start", "demo"]);
        assert_error(&ended, 1);
        assert!(ended.stderr.contains("ulimit -f"), "{limit}: {ended:?}");
        // Without the limit all goes on from where it was.
        assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
        assert_eq!(window.baton("s1", &["run", "start", "other"]).code, Some(0));
        scratch.state().check();
    }
}

#[test]
fn a_small_stack_suffices() {
    for limit in ["-s 64", "-s 128", "-s 1000"] {
        let scratch = Scratch::new();
        let mut window = Window::open(&scratch, Agent::Claude, "%1");
        assert_no_output(&hook(&mut window, limit, "SessionStart", "s1"));
        assert_no_output(&hook(&mut window, limit, "UserPromptSubmit", "s1"));
        for words in [
            &["run", "start", "demo"][..],
            &["status"],
            &["session", "list"],
            &["run", "with", "more", "--", "true"],
            &["--help"],
        ] {
            let ended = command(&mut window, limit, words);
            assert_eq!(ended.code, Some(0), "{limit} {words:?}: {ended:?}");
        }
        assert_eq!(scratch.state().runs().len(), 2, "{limit}");
    }
}

#[test]
fn a_limit_of_virtual_memory_is_named() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    let ended = command(&mut window, "-v 45000", &["run", "start", "demo"]);
    assert_error(&ended, 1);
    assert!(ended.stderr.contains("ulimit -v") && !ended.stderr.contains("bug"), "{ended:?}");
    assert_eq!(command(&mut window, "-v 100000", &["run", "start", "demo"]).code, Some(0));
}

/// What baton starts has the signals as they were.
#[test]
fn a_supervised_command_meets_its_limits_as_ever() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let script = "ulimit -f 0; exec head -c 10 /dev/zero > \"$HOME/file\"";
    let ended = command(&mut window, "-s 64", &["run", "with", "demo", "--", "/bin/bash", "-c", script]);
    let xfsz = 128 + 25;
    assert_eq!(ended.code, Some(xfsz), "{ended:?}");
}
