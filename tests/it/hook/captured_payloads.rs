//! baton accepts every payload that a real client sent, whether it acts on the event or not.

use agent_baton_core::agent::Agent;
use agent_baton_tests::capture::Capture;
use agent_baton_tests::replay::is_hooked;
use agent_baton_tests::reply::Reply;
use agent_baton_tests::{Scratch, Window};

fn check(agent: Agent) {
    let scratch = Scratch::new();
    let home = scratch.home().to_str().unwrap().to_owned();
    let mut window = Window::open(&scratch, agent, "%1");
    let mut calls = 0;
    for capture in Capture::all(agent) {
        for recorded in &capture.calls {
            let place = format!("{} {} {}", capture.name, recorded.order, recorded.event);
            let ended = window.process.run(window.call(&recorded.parsed(&home).session_id, recorded.payload(&home)));
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{place}: {ended:?}");
            let reply = Reply::parse(&ended.stdout, &recorded.event).unwrap_or_else(|error| panic!("{place}: {error}"));
            assert!(reply.is_none() || is_hooked(agent, &recorded.event), "{place}: {reply:?}");
            calls += 1;
        }
    }
    assert!(calls > 370, "{calls}");
    scratch.state().check();
}

#[test]
fn of_claude() {
    check(Agent::Claude);
}

#[test]
fn of_codex() {
    check(Agent::Codex);
}
