//! Machines that share a database: who owns a run, through takeovers, outages, lost answers, copies and restores.

mod cost;
mod outage;
mod takeover;

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use agent_baton_tests::window::assert_no_output;
use baton_test_postgres::fleet::Machine;
use serde_json::json;

/// Opens session s1 on a machine, which owns the fleet run `demo`.
fn owner(machine: &Machine) -> Window<'_> {
    let mut window = Window::open(&machine.scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    let started = window.baton("s1", &["run", "start", "demo", "--fleet"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    window
}

/// Resumes session s1 on a machine, and returns what the hook printed.
fn resume(window: &mut Window<'_>) -> String {
    let started = window.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert_eq!(started.code, Some(0), "{started:?}");
    started.stdout + &started.stderr
}

/// Returns the fence of the machine's copy, and whether its owner is in this window.
fn owned(machine: &Machine, window: &Window<'_>) -> (u64, bool) {
    let run = machine.run();
    (run.fence.0, run.owner.process.pid == window.process.pid())
}
