//! What later versions of the clients may send: unknown events have no effect, and unknown fields and values do no
//! harm.

use agent_baton_core::agent::Agent;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

/// Events that today's clients have and baton does not hook, and one that no client has.
const OTHER_EVENTS: &[&str] = &[
    "PreToolUse",
    "PostToolUse",
    "PostToolBatch",
    "SubagentStart",
    "SubagentStop",
    "PostCompact",
    "PreModelRequest",
    "MessageDisplay",
    "CwdChanged",
    "Setup",
    "sessionStart",
    "SessionStart ",
    "",
    "AnEventOfALaterVersion",
];

#[test]
fn an_unknown_event_is_silent_and_changes_nothing() {
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        let mut window = Window::open(&scratch, agent, "%1");
        assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
        let before = scratch.state();
        for event in OTHER_EVENTS {
            // Even the fields of a known event may have other types there.
            for fields in
                [json!({}), json!({"session_id": 1, "cwd": null, "source": [], "prompt": {}, "agent_id": false})]
            {
                assert_no_output(&window.hook(event, "s1", &fields));
            }
        }
        assert_eq!(scratch.state(), before, "{agent}");
    }
}

#[test]
fn each_agents_own_events_are_unknown_to_the_other() {
    for (agent, event) in [
        (Agent::Claude, "Interrupt"),
        (Agent::Claude, "PermissionRequest"),
        (Agent::Codex, "Notification"),
        (Agent::Codex, "StopFailure"),
    ] {
        let scratch = Scratch::new();
        assert_no_output(&Window::open(&scratch, agent, "%1").hook(
            event,
            "s1",
            &json!({"notification_type": "idle_prompt"}),
        ));
        assert_eq!(scratch.state().sessions(), [], "{agent} {event}");
    }
}

#[test]
fn unknown_fields_and_values_of_a_known_event_are_no_obstacle() {
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        let mut window = Window::open(&scratch, agent, "%1");
        let fields =
            json!({"source": "a source of a later version", "new": {"deep": [1, null]}, "permission_mode": "new"});
        assert_no_output(&window.hook("SessionStart", "s1", &fields));
        let sessions = scratch.state().sessions();
        assert_eq!(sessions.len(), 1, "{agent}");
        assert_eq!(sessions[0].record.launches.len(), 1, "{agent}");
    }
}

#[test]
fn a_known_field_of_another_type_costs_itself() {
    for agent in Agent::ALL {
        for (field, value, registered) in [
            ("source", json!(5), 1),
            ("cwd", json!(7), 1),
            ("transcript_path", json!([]), 1),
            ("prompt", json!(["hello"]), 1),
            // It still says that the event is a subagent's.
            ("agent_id", json!({}), 0),
        ] {
            let scratch = Scratch::new();
            assert_no_output(&Window::open(&scratch, agent, "%1").hook("SessionStart", "s1", &json!({ field: value })));
            assert_eq!(scratch.state().sessions().len(), registered, "{agent} {field}");
        }
    }
}

#[test]
fn without_a_session_nothing_is_recorded() {
    for agent in Agent::ALL {
        for id in [json!(""), json!(null)] {
            let scratch = Scratch::new();
            assert_no_output(&Window::open(&scratch, agent, "%1").hook("SessionStart", "", &json!({"session_id": id})));
            assert_eq!(scratch.state().sessions(), [], "{agent} {id}");
        }
    }
}

#[test]
fn the_first_object_counts_and_stdin_may_stay_open() {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};
    let scratch = Scratch::new();
    let payload = Window::open(&scratch, Agent::Claude, "%1").payload("SessionStart", "s1", &json!({})).to_string();
    let mut command = Command::new(agent_baton_tests::program::baton());
    command.args(["hook", "--agent", "claude"]).env_clear().envs(scratch.env());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(payload.as_bytes()).unwrap();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stdout.as_str(), stderr.as_str()), (Some(0), "", ""));
    drop(stdin);
}
