//! An agent that was started inside a tool of another one inherits the outer agent's variables and pane, but owns
//! none of its runs.

use agent_baton_core::agent::Agent;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

fn own_run(window: &mut Window<'_>, session: &str) -> String {
    assert_no_output(&window.hook("SessionStart", session, &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", session, &json!({"prompt": "words"})));
    let started = window.baton(session, &["run", "start", "demo", "--json"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    let run: Value = serde_json::from_str(&started.stdout).unwrap();
    run["id"].as_str().unwrap().to_owned()
}

fn pairs() -> impl Iterator<Item = (Agent, Agent)> {
    Agent::ALL.into_iter().flat_map(|outer| Agent::ALL.map(|inner| (outer, inner)))
}

/// Returns the pid of the run's owner and its fence.
fn owner(scratch: &Scratch, id: &str) -> (u32, u64) {
    let runs = scratch.state().runs();
    let run = &runs.iter().find(|kept| kept.record.id.as_str() == id).unwrap().record;
    (run.owner.process.pid, run.fence.0)
}

#[test]
fn the_inner_agent_is_a_session_and_a_process_of_its_own() {
    for (of, within) in pairs() {
        let scratch = Scratch::new();
        let mut outer = Window::open(&scratch, of, "%1");
        let run = own_run(&mut outer, "s1");
        let mut inner = Window::open_inside(&mut outer, "s1", within);
        assert_no_output(&inner.hook("SessionStart", "s2", &json!({})));
        assert_no_output(&inner.hook("UserPromptSubmit", "s2", &json!({"prompt": "words"})));
        for args in
            [&["run", "verify", &run][..], &["run", "update", &run, "--phase", "inner"], &["run", "finish", &run]]
        {
            let ended = inner.baton("s2", args);
            assert_eq!(ended.code, Some(3), "{within} in {of}, {args:?}: {ended:?}");
        }
        let own = inner.baton("s2", &["run", "start", "inner"]);
        assert_eq!(own.code, Some(0), "{within} in {of}: {own:?}");
        assert_no_output(&inner.hook("Stop", "s2", &json!({})));
        let sessions = scratch.state().sessions();
        for (session, pid) in [("s1", outer.process.pid()), ("s2", inner.process.pid())] {
            let kept = sessions.iter().find(|kept| kept.record.id.as_str() == session).unwrap();
            let pids: Vec<u32> = kept.record.launches.iter().map(|launch| launch.process.pid).collect();
            assert_eq!(pids, [pid], "{within} in {of}, {session}");
        }
        assert_no_output(&inner.hook("SessionEnd", "s2", &json!({})));
        inner.process.exit();
        assert_no_output(&outer.hook("UserPromptSubmit", "s1", &json!({"prompt": "more"})));
        let verified = outer.baton("s1", &["run", "verify", &run]);
        assert_eq!(verified.code, Some(0), "{within} in {of}: {verified:?}");
        assert_eq!(owner(&scratch, &run), (outer.process.pid(), 1), "{within} in {of}");
        scratch.state().check();
    }
}

#[test]
fn the_inner_agent_inherits_nothing_when_the_outer_one_is_killed() {
    for (of, within) in pairs() {
        let scratch = Scratch::new();
        let mut outer = Window::open(&scratch, of, "%1");
        let run = own_run(&mut outer, "s1");
        let mut inner = Window::open_inside(&mut outer, "s1", within);
        assert_no_output(&inner.hook("SessionStart", "s2", &json!({})));
        let before = owner(&scratch, &run);
        outer.process.kill();
        for event in ["UserPromptSubmit", "Stop", "SessionStart"] {
            let ended = inner.hook(event, "s2", &json!({"prompt": "words", "source": "resume"}));
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{within} in {of}: {ended:?}");
        }
        assert_eq!(owner(&scratch, &run), before, "{within} in {of}");
    }
}
