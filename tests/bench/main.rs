//! Measures what a call of baton costs an agent: whole processes, each measured in turn with `/bin/true`.
//!
//! `cargo run --release -p agent-baton-tests --bin bench [ROUNDS [TABLE]]` prints tables in Markdown. A process named
//! `claude` makes the calls, because the hook requires it. The time is from before the start of the process until it
//! was reaped.

mod bare;
mod crowded;
mod functions;
mod lists;
mod many;
mod measure;
mod pairs;
mod table;
mod view;

use std::process::Command;

use agent_baton_core::agent::Agent;
use agent_baton_tests::conversation::{keep, words};
use agent_baton_tests::fake_agent::{Ended, Run};
use agent_baton_tests::program::PROGRAM;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

use measure::Measured;
use pairs::{Pairs, WARM_UP};

const SESSION: &str = "0b8f9c4e-5a1d-4f57-9a53-3a5f6c1e2d70";

/// The slow path syncs files, so fewer rounds suffice.
const SLOW_SHARE: usize = 5;

fn main() {
    if std::env::args().nth(1).as_deref() == Some(bare::WORD) {
        return bare::main(std::env::args().skip(2)).expect("the writes");
    }
    if std::env::args().nth(1).as_deref() == Some(functions::WORD) {
        return functions::main();
    }
    let rounds = match std::env::args().nth(1).map(|text| text.parse::<usize>()) {
        None => 1000,
        Some(Ok(rounds)) if rounds >= 10 => rounds,
        Some(_) => {
            eprintln!(
                "usage: bench [ROUNDS [TABLE]]    at least 10 rounds, 1000 unless told; calls, commands, change, crowd, or \
                 lists and view [ARCHIVED], which need 10 GB, or fleet [RUNS [plans]], which needs PostgreSQL and 3 GB"
            );
            std::process::exit(2);
        }
    };
    if std::env::var_os(PROGRAM).is_none() {
        return measure_copy();
    }
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: its figures say nothing (use --release)");
    }
    let (slow, only) = (rounds / SLOW_SHARE, std::env::args().nth(2));
    let is_wanted = |table: &str| only.as_deref().is_none_or(|only| only == table);
    if is_wanted("calls") {
        print!("{}", table::render(&calls(rounds)));
    }
    if is_wanted("commands") {
        println!("\nOf 10,000 sessions, or as many as the row says:\n");
        print!("{}", table::render(&user_commands(slow)));
    }
    // It writes a million rows, so it must be asked for.
    if only.as_deref() == Some("fleet") {
        let status = Command::new(agent_baton_tests::program::bench_fleet())
            .arg(rounds.to_string())
            .args(std::env::args().skip(3))
            .status()
            .expect("the benchmark of the fleet");
        std::process::exit(status.code().unwrap_or(1));
    }
    // These write a million files, so they must be asked for.
    if only.as_deref() == Some("lists") {
        print!("{}", table::of_sizes(&lists::measure(slow)));
    }
    if only.as_deref() == Some("view") {
        let archived = std::env::args().nth(3).and_then(|text| text.parse().ok()).unwrap_or(view::ARCHIVED);
        print!("{}", table::of_faces(&view::measure(slow, archived)));
    }
    if is_wanted("change") {
        println!("\nA change of owner, and the same writes and syncs made by a program that does nothing else:\n");
        print!("{}", pairs::compared(["bare writes", "baton"], &[against_bare_writes(slow)]));
    }
    if is_wanted("crowd") {
        println!("\nBeside no other session, and beside 10,000 archived and 100 living ones:\n");
        print!("{}", pairs::compared(["alone", "beside them"], &crowded::measure(slow)));
    }
}

/// Runs this program again with a copy of the built `baton`, as `baton install` makes one. The linker leaves its file in
/// many small pieces in the kernel's cache. A call of that file takes a sixth longer.
fn measure_copy() {
    let built = agent_baton_tests::program::baton();
    let copy = built.with_file_name("baton-copy");
    std::fs::copy(built, &copy).expect("a copy of the program");
    let this = std::env::current_exe().expect("this program");
    let status = Command::new(this).args(std::env::args().skip(1)).env(PROGRAM, &copy).status().expect("a second run");
    std::process::exit(status.code().unwrap_or(1));
}

/// Measures the calls that agents make.
fn calls(rounds: usize) -> Vec<Measured> {
    vec![
        known("a prompt of a known launch", "UserPromptSubmit", rounds, "off"),
        known("the end of a turn", "Stop", rounds, "off"),
        beside_a_loop("the end of a turn, while another session of the project owns a loop", rounds),
        known("an event that is not hooked", "PreToolUse", rounds, "off"),
        known("a prompt, with messages kept", "UserPromptSubmit", rounds, "all"),
        known("the end of a turn, with messages kept (synced)", "Stop", rounds, "all"),
        transfer("a run changes its owner (synced)", rounds / SLOW_SHARE),
    ]
}

/// Measures the calls that users make.
fn user_commands(rounds: usize) -> Vec<Measured> {
    vec![
        many::call("the status in one line, 6 agents alive", &["status", "--line"], rounds),
        many::call("one by the beginning of its id", &["session", "show", many::PREFIX], rounds),
        many::call_after_change(
            "the same, right after the archive changed",
            &["session", "show", many::PREFIX],
            rounds,
        ),
        many::call("the newest 50", &["session", "list"], rounds),
        many::call("all", &["session", "list", "--all", "--limit", "20000"], rounds / 4),
        many::living("the status in one line, 1,000 sessions alive by 1,000 processes", (rounds / 4).max(3)),
        many::loops("10,000 progress logs of 20 KB, none seen before", true, (rounds / 20).max(3)),
        many::loops("the same, nothing changed", false, (rounds / 4).max(3)),
    ]
}

fn hook(window: &mut Window<'_>, event: &str, fields: &serde_json::Value) -> Ended {
    hook_of(window, event, SESSION, fields)
}

fn hook_of(window: &mut Window<'_>, event: &str, session: &str, fields: &serde_json::Value) -> Ended {
    let ended = window.hook(event, session, fields);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{event}: {ended:?}");
    ended
}

/// Measures an event of a known launch. Each event has bytes of its own, or it would count as a duplicate.
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

/// Measures the end of a turn of a session that owns nothing. A loop of another session must not make it slower.
fn beside_a_loop(name: &'static str, rounds: usize) -> Measured {
    let scratch = Scratch::new();
    let mut owner = Window::open(&scratch, Agent::Claude, "%2");
    for (event, fields) in [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"}))] {
        let ended = owner.hook(event, "the-owner", &fields);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    }
    let started = owner.baton("the-owner", &["run", "start", "demo", "--loop", "--prompt", "Go on."]);
    assert_eq!(started.code, Some(0), "{started:?}");
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    hook(&mut window, "SessionStart", &json!({}));
    hook(&mut window, "UserPromptSubmit", &json!({"prompt": "the first prompt is recorded"}));
    let before = scratch.state();
    let mut number = 0;
    let measured = measure::paired(name, rounds, &scratch, &mut window, |window| {
        number += 1;
        let fields = json!({"last_assistant_message": format!("answer {number}")});
        window.call(SESSION, window.payload("Stop", SESSION, &fields).to_string())
    });
    assert_eq!(scratch.state().audit(), before.audit(), "it was to take the fast path");
    measured
}

/// Two windows of one session take turns: one exits, the other resumes, and the run is transferred.
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
    for round in 0..rounds + WARM_UP {
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

/// Two windows take turns. Each transfer is measured beside the bare writes of the previous one.
fn against_bare_writes(rounds: usize) -> Pairs {
    let scratch = Scratch::new();
    let mut windows = ["%1", "%2"].map(|pane| Window::open(&scratch, Agent::Claude, pane));
    hook(&mut windows[0], "SessionStart", &json!({}));
    hook(&mut windows[0], "UserPromptSubmit", &json!({"prompt": "words"}));
    let started = windows[0].baton(SESSION, &["run", "start", "demo"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    let mut pairs = Pairs { name: "a run changes its owner", alone: Vec::new(), crowded: Vec::new() };
    let mut written = Vec::new();
    for round in 0..rounds + WARM_UP {
        let [owner, other] = &mut windows;
        hook(owner, "SessionEnd", &json!({"round": round}));
        let before = scratch.state();
        let call = resume(other, u64::try_from(round).expect("a number"));
        let mut time = |run: Run| {
            let ended = other.process.run(run);
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
            ended.wall_ns
        };
        let baton = time(call);
        if round < WARM_UP {
            written = bare::written(&before, &scratch.state());
        }
        let bare = bare::run(&scratch, other, &written);
        let bare = other.process.run(bare);
        assert_eq!((bare.code, bare.stderr.as_str()), (Some(0), ""), "{bare:?}");
        if round >= WARM_UP {
            pairs.alone.push(bare.wall_ns);
            pairs.crowded.push(baton);
        }
        windows.swap(0, 1);
    }
    pairs
}

fn resume(window: &Window<'_>, number: u64) -> Run {
    window.call(
        SESSION,
        window.payload("SessionStart", SESSION, &json!({"source": "resume", "number": number})).to_string(),
    )
}
