//! Machines that share a database: who owns a run, through takeovers, outages, lost answers, copies and restores.

mod bad_database;
mod certificates;
mod child;
mod contention;
mod copies;
mod cost;
mod evidence;
mod full_disk;
mod handoffs;
mod hanging;
mod isolated_scene;
mod leaving;
mod loops;
mod lost_answers;
mod lost_runs;
mod machines;
mod markers;
mod outage;
mod pickups;
mod projects;
mod refusal;
mod restored;
pub mod scene;
mod secrets;
mod supervised;
mod takeover;
mod url_command;
mod witness_timer;

use std::sync::atomic::{AtomicU64, Ordering};

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use agent_baton_tests::window::assert_no_output;
use baton_test_postgres::fleet::Machine;
use serde_json::{Value, json};

/// Opens session s1 on a machine, which owns the fleet run `demo`.
pub fn owner(machine: &Machine) -> Window<'_> {
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
    // An event that equals the one before it counts as another delivery of it.
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut fields = fields.clone();
    fields["number"] = json!(NUMBER.fetch_add(1, Ordering::Relaxed));
    let ended = window.hook(name, "s1", &fields);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout + &ended.stderr
}

/// Returns the fence of the machine's copy, and whether its owner is in this window.
fn owned(machine: &Machine, window: &Window<'_>) -> (u64, bool) {
    let run = machine.run();
    (run.fence.0, run.owner.process.pid == window.process.pid())
}

/// Lets the note about the outage end, if there is one, as if its time had passed.
pub fn end_outage(machine: &Machine) {
    if machine.fleet_file("outage.json").is_null() {
        return;
    }
    machine.edit_fleet_file("outage.json", |outage| {
        let then = outage["at"]["boot_ms"].as_u64().unwrap().saturating_sub(60_000);
        outage["at"]["boot_ms"] = json!(then);
    });
}
