//! One event that is delivered several times at once has one effect and one reply.

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::reply::Reply;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

/// Delivers one event several times at once, from one process. Every hook is started before the first of them gets
/// its stdin.
fn deliver(window: &mut Window<'_>, event: &str, session: &str, fields: &Value, times: usize) -> Vec<Ended> {
    let payload = window.payload(event, session, fields).to_string();
    let run = window.call(session, payload);
    let ended = window.process.run_all(vec![run; times]);
    for one in &ended {
        assert_eq!((one.code, one.stderr.as_str()), (Some(0), ""), "{one:?}");
        Reply::parse(&one.stdout, event).unwrap();
    }
    ended
}

/// The session whose events only drain the inbox.
const LAST: &str = "last";

/// Drains the inbox. On a busy machine, some of many hooks do not get the lock in time and leave their events to the
/// next call.
fn empty_inbox(scratch: &Scratch, agent: Agent) {
    for n in 0.. {
        if !scratch.has_inbox() {
            break;
        }
        let mut window = Window::open(scratch, agent, "%9");
        let ended = window.hook("SessionStart", LAST, &json!({"n": n}));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    }
}

/// Returns the audit lines, from the `from`th on, of events that had an effect.
fn acted(scratch: &Scratch, from: usize) -> Vec<String> {
    let lines = scratch.state().audit().into_iter().skip(from);
    let lines = lines.filter(|line| line["request"]["ask"]["event"]["session"] != LAST);
    let reasons = lines.map(|line| {
        let decision = line.get("decision").unwrap_or(&line);
        decision["reason"].as_str().unwrap().to_owned()
    });
    reasons.filter(|reason| reason != "duplicate_event").collect()
}

#[test]
fn a_session_is_registered_once() {
    for agent in Agent::ALL {
        for times in [2, 16] {
            let scratch = Scratch::new();
            let mut window = Window::open(&scratch, agent, "%1");
            for ended in deliver(&mut window, "SessionStart", "s1", &json!({}), times) {
                assert_no_output(&ended);
            }
            empty_inbox(&scratch, agent);
            let state = scratch.state();
            state.check();
            let mut sessions = state.sessions();
            sessions.retain(|kept| kept.record.id.as_str() != LAST);
            assert_eq!(sessions.len(), 1, "{agent} {times}");
            assert_eq!(sessions[0].record.launches.len(), 1, "{agent} {times}");
            assert_eq!(acted(&scratch, 0).len(), 1, "{agent} {times}: {:?}", acted(&scratch, 0));
        }
    }
}

#[test]
fn a_run_changes_its_owner_once_and_that_is_told_once() {
    for agent in Agent::ALL {
        for times in [2, 16] {
            let scratch = Scratch::new();
            let mut first = Window::open_owner(&scratch, agent, "%1");
            first.process.kill();
            let before = scratch.state().audit().len();

            let mut second = Window::open(&scratch, agent, "%2");
            let ended = deliver(&mut second, "SessionStart", "s1", &json!({"source": "resume"}), times);
            empty_inbox(&scratch, agent);
            let told = ended.iter().filter(|one| !one.stdout.is_empty()).count();
            assert_eq!(told, 1, "{agent} {times}: {ended:?}");
            assert_eq!(acted(&scratch, before).len(), 1, "{agent} {times}");
            let state = scratch.state();
            state.check();
            let runs = state.runs();
            assert_eq!(runs.len(), 1);
            assert_eq!((runs[0].record.fence.0, runs[0].record.history.len()), (2, 1), "{agent} {times}");
            assert_eq!(runs[0].record.owner.process.pid, second.process.pid());
        }
    }
}

#[test]
fn an_end_counts_once() {
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        let mut window = Window::open(&scratch, agent, "%1");
        assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
        assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
        let before = scratch.state().audit().len();
        deliver(&mut window, "SessionEnd", "s1", &json!({}), 16);
        empty_inbox(&scratch, agent);
        assert_eq!(acted(&scratch, before), ["ended"], "{agent}");
        scratch.state().check();
    }
}

#[test]
fn equal_bytes_from_two_processes_are_two_events() {
    let scratch = Scratch::new();
    let mut windows = ["%1", "%2"].map(|pane| Window::open(&scratch, Agent::Claude, pane));
    for window in &mut windows {
        assert_no_output(&window.hook("SessionStart", "s1", &json!({"source": "resume"})));
    }
    let sessions = scratch.state().sessions();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].record.launches.len(), 2);
    assert_eq!(acted(&scratch, 0).len(), 2);
}

#[test]
fn other_bytes_are_another_event_whatever_ids_they_repeat() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "first"})));
    for prompt in ["second", "third"] {
        let before = scratch.state().logged();
        assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": prompt})));
        assert!(scratch.state().logged() > before, "{prompt} left no line");
    }
}

#[test]
fn events_of_many_sessions_at_once_are_all_kept() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    let ids: Vec<String> = (0..16).map(|n| format!("s{n}")).collect();
    let runs =
        ids.iter().map(|id| window.call(id, window.payload("SessionStart", id, &json!({})).to_string())).collect();
    for ended in window.process.run_all(runs) {
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    }
    // Events that did not get the lock in time are in the inbox, which the next call drains.
    assert_no_output(&window.hook("SessionStart", LAST, &json!({})));
    empty_inbox(&scratch, Agent::Codex);
    let state = scratch.state();
    state.check();
    let mut kept: Vec<String> = state.sessions().iter().map(|kept| kept.record.id.as_str().to_owned()).collect();
    kept.sort_unstable();
    let mut all = ids;
    all.push(LAST.to_owned());
    all.sort_unstable();
    assert_eq!(kept, all);
}
