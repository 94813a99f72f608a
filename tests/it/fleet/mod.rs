//! Machines that share a database: who owns a run, through takeovers, outages, lost answers, copies and restores.

mod cost;
mod outage;
mod takeover;

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use agent_baton_tests::window::assert_no_output;
use baton_test_postgres::fleet::Machine;
use serde_json::{Value, json};

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
    event(window, "SessionStart", &json!({"source": "resume"}))
}

/// Sends a prompt of the user to session s1, and returns what the hook printed.
fn prompt(window: &mut Window<'_>) -> String {
    event(window, "UserPromptSubmit", &json!({"prompt": "more words"}))
}

fn event(window: &mut Window<'_>, name: &str, fields: &Value) -> String {
    let ended = window.hook(name, "s1", fields);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout + &ended.stderr
}

/// Returns the fence of the machine's copy, and whether its owner is in this window.
fn owned(machine: &Machine, window: &Window<'_>) -> (u64, bool) {
    let run = machine.run();
    (run.fence.0, run.owner.process.pid == window.process.pid())
}
