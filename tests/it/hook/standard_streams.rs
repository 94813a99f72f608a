//! Standard input, output or error is closed, or a pipe without a reader: the state stays intact, and the agent is
//! not disturbed.

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::{Ended, Run};
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window, program};
use serde_json::json;

const SESSION: &str = "s1";

/// Resumes a session whose previous owner was killed, so that the hook has a reply. `line` is a shell command in
/// which `$HOOK` is the call.
fn resumed(line: &str) -> (Scratch, Ended) {
    let scratch = Scratch::new();
    let mut first = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&first.hook("SessionStart", SESSION, &json!({})));
    assert_no_output(&first.hook("UserPromptSubmit", SESSION, &json!({"prompt": "words"})));
    assert_eq!(first.baton(SESSION, &["run", "start", "demo"]).code, Some(0));
    first.process.kill();
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    let hook = format!("{} hook --agent claude", program::baton().display());
    let argv = ["/bin/bash", "-c", line].map(str::to_owned).to_vec();
    let payload = second.payload("SessionStart", SESSION, &json!({"source": "resume"})).to_string();
    let run = second.below(SESSION, argv, payload);
    let ended =
        second.process.run(Run { env: run.env.into_iter().chain([("HOOK".to_owned(), hook)]).collect(), ..run });
    (scratch, ended)
}

fn check(line: &str, code: i32, fence: u64) {
    let (scratch, ended) = resumed(line);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{line}: {ended:?}");
    let state = scratch.state();
    state.check();
    let runs = state.runs();
    assert_eq!(runs.iter().map(|run| run.record.fence.0).collect::<Vec<_>>(), [fence], "{line}");
}

#[test]
fn what_is_closed_is_never_a_file_of_the_state() {
    check("exec $HOOK >&-", 0, 2);
    check("exec $HOOK >&- 2>&-", 0, 2);
    check("exec $HOOK <&-", 1, 1);
    check("exec $HOOK <&- >&- 2>&-", 1, 1);
}

#[test]
fn a_pipe_that_nobody_reads_ends_nothing_half_way() {
    // The other end of the pipe is closed before the call begins.
    let line =
        "gate=$HOME/gate; mkfifo $gate; { read _ <$gate; $HOOK; echo $? >$HOME/status; } | { exec <&-; echo >$gate; }
        exit $(cat $HOME/status)";
    check(line, 0, 2);
}

/// The second call inherits a blocked SIGALRM.
#[test]
fn a_pipe_that_is_full_holds_no_agent_up() {
    for below in ["", "env --block-signal=ALRM"] {
        let line =
            "mkfifo $HOME/full; exec 3<>$HOME/full; dd if=/dev/zero of=$HOME/full oflag=nonblock bs=4096 2>/dev/null
        exec timeout --signal=USR1 60";
        check(&format!("{line} {below} $HOOK >&3"), 0, 2);
    }
}
