//! What a call of baton costs an agent: whole processes, each measured in turn with `/bin/true`.
//!
//! `cargo run --release -p agent-baton-tests --bin bench [ROUNDS]` prints a table in Markdown. The calls are made by a process named
//! `claude`, as the hook needs it; the time is from before the start of the process until it was reaped.

mod measure;
mod table;

use agent_baton_core::agent::Agent;
use agent_baton_tests::conversation::{keep, words};
use agent_baton_tests::stand_in::{Ended, Run};
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

use measure::Measured;

const SESSION: &str = "0b8f9c4e-5a1d-4f57-9a53-3a5f6c1e2d70";

/// The slow path syncs files: fewer rounds do.
const SLOW_SHARE: usize = 5;

fn main() {
    let rounds = match std::env::args().nth(1).map(|text| text.parse::<usize>()) {
        None => 1000,
        Some(Ok(rounds)) if rounds >= 10 => rounds,
        Some(_) => {
            eprintln!("usage: bench [ROUNDS]    at least 10 rounds; 1000 unless told");
            std::process::exit(2);
        }
    };
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: its figures say nothing (use --release)");
    }
    let rows = [
        known("a prompt of a known launch", "UserPromptSubmit", rounds, "off"),
        known("the end of a turn", "Stop", rounds, "off"),
        known("an event that is not hooked", "PreToolUse", rounds, "off"),
        known("a prompt, with messages kept", "UserPromptSubmit", rounds, "all"),
        known("the end of a turn, with messages kept (synced)", "Stop", rounds, "all"),
        transfer("a run changes its owner (synced)", rounds / SLOW_SHARE),
    ];
    print!("{}", table::render(&rows));
}

fn hook(window: &mut Window<'_>, event: &str, fields: &serde_json::Value) -> Ended {
    let ended = window.hook(event, SESSION, fields);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{event}: {ended:?}");
    ended
}

/// An event of a launch that is known already. Each has bytes of its own, or it would count as delivered twice.
fn known(name: &'static str, event: &str, rounds: usize, messages: &str) -> Measured {
    let scratch = Scratch::new();
    keep(&scratch, messages);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    hook(&mut window, "SessionStart", &json!({}));
    hook(&mut window, "UserPromptSubmit", &json!({"prompt": "the first prompt is recorded"}));
    let before = scratch.state();
    let mut number = 0;
    let measured = measure::paired(name, rounds, &scratch, &mut window, |window| {
        number += 1;
        let fields =
            json!({"prompt": format!("prompt {number}"), "last_assistant_message": format!("answer {number}")});
        window.call(SESSION, window.payload(event, SESSION, &fields).to_string())
    });
    let after = scratch.state();
    assert_eq!(after.audit(), before.audit(), "{event} was to take the fast path");
    assert_eq!(
        after.logged() > before.logged(),
        event != "PreToolUse",
        "{event} leaves one line, or none if it is not hooked"
    );
    let kept = words(&scratch, SESSION).len();
    assert_eq!(kept > rounds, messages == "all", "{kept} messages with {messages}");
    measured
}

/// Two windows of one session by turns: one leaves, the other resumes, and the run goes over.
fn transfer(name: &'static str, rounds: usize) -> Measured {
    let scratch = Scratch::new();
    let mut windows = ["%1", "%2"].map(|pane| Window::open(&scratch, Agent::Claude, pane));
    let [owner, other] = &mut windows;
    hook(owner, "SessionStart", &json!({}));
    hook(owner, "UserPromptSubmit", &json!({"prompt": "words"}));
    let started = owner.baton(SESSION, &["run", "start", "demo"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    let (mut owner, mut other) = (owner, other);
    let mut measured = Measured::new(name);
    let mut number = 0;
    for round in 0..rounds + measure::WARM_UP {
        number += 1;
        hook(owner, "SessionEnd", &json!({"number": number}));
        let run = resume(other, number);
        measured.pair(round, &mut other.process, &run);
        std::mem::swap(&mut owner, &mut other);
    }
    let fence = scratch.state().runs()[0].record.fence.0;
    assert_eq!(fence, 1 + number, "each round was to change the owner");
    number += 1;
    hook(owner, "SessionEnd", &json!({"number": number}));
    let run = resume(other, number);
    measured.peak_kib = measure::peak_kib(&scratch, &mut other.process, run);
    number += 1;
    hook(other, "SessionEnd", &json!({"number": number}));
    let run = resume(owner, number);
    measured.instructions = measure::instructions(&mut owner.process, run);
    measured
}

fn resume(window: &Window<'_>, number: u64) -> Run {
    window.call(
        SESSION,
        window.payload("SessionStart", SESSION, &json!({"source": "resume", "number": number})).to_string(),
    )
}
