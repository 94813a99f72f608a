//! Looking at many sessions.

use std::fs;

use agent_baton_core::agent::Agent;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

use crate::measure::{self, Measured};

/// How many there are.
const MANY: usize = 10_000;

/// The beginning of the id of one in the middle.
pub const PREFIX: &str = "session-05000";

/// Agents that live beside them.
const ALIVE: usize = 6;

/// A state with that many sessions in the archive and some that live, and their windows.
fn filled(scratch: &Scratch) -> Vec<Window<'_>> {
    let mut windows: Vec<Window<'_>> =
        (0..ALIVE).map(|n| Window::open(scratch, Agent::Claude, &format!("%{n}"))).collect();
    for (n, window) in windows.iter_mut().enumerate() {
        for (event, fields) in
            [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"})), ("Stop", json!({}))]
        {
            let ended = window.hook(event, &format!("alive-{n}"), &fields);
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        }
    }
    let state = scratch.state_dir();
    let mut record: Value = serde_json::from_slice(&fs::read(state.join("sessions/alive-0.json")).unwrap()).unwrap();
    let started = record["created"]["unix_ms"].as_u64().unwrap();
    for n in 0..MANY {
        let id = format!("session-{n:05}-0b8f9c4e5a1d4f579a533a5f");
        let at = json!({"unix_ms": started - 60_000 * (1 + n as u64), "boot": record["created"]["boot"], "boot_ms": 1});
        record["id"] = json!(id);
        record["created"] = at.clone();
        record["launches"][0]["started"] = at.clone();
        record["launches"][0]["ended"] = json!({"at": at, "reason": "ended"});
        record["over"] = record["launches"][0]["ended"].clone();
        fs::write(state.join(format!("archive/sessions/{id}.json")), record.to_string()).unwrap();
    }
    // The next holder of the lock makes the index anew.
    fs::remove_file(state.join("index/whole")).unwrap();
    let ended = windows[0].hook("SessionStart", "alive-0", &json!({"source": "resume"}));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    windows
}

/// A call of `baton`, again and again.
pub fn call(name: &'static str, args: &[&str], rounds: usize) -> Measured {
    let scratch = Scratch::new();
    let mut windows = filled(&scratch);
    let run = {
        let program = agent_baton_tests::program::baton().to_str().unwrap();
        let argv = std::iter::once(program).chain(args.iter().copied()).map(str::to_owned).collect();
        windows[0].below("alive-0", argv, String::new())
    };
    let mut measured = Measured::new(name);
    for round in 0..rounds + measure::WARM_UP {
        measured.pair(round, &mut windows[0].process, &run);
    }
    measured.peak_kib = measure::peak_kib(&scratch, &mut windows[0].process, run.clone());
    measured.instructions = measure::instructions(&mut windows[0].process, run);
    measured
}
