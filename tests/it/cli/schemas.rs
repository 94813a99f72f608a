//! The published schemas are those that the program prints, and describe what it reads and writes.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_tests::capture::{Capture, HOME};
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::program::workspace;
use agent_baton_tests::replay::{Replay, Twist};
use agent_baton_tests::state::State;
use agent_baton_tests::{Scratch, Window};
use jsonschema::Validator;
use serde_json::{Value, json};

fn dir() -> PathBuf {
    workspace().join("schemas")
}

/// Returns a validator for a file of `schemas/`.
fn schema(name: &str) -> Validator {
    let path = dir().join(name).with_extension("json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{name} is no schema: {error}"));
    jsonschema::validator_for(&schema).unwrap()
}

fn fits(schema: &Validator, value: &Value, what: &str) {
    let errors: Vec<String> =
        schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:?}\n{value}");
}

#[test]
fn the_files_are_what_the_program_prints() {
    let scratch = Scratch::new();
    let names = scratch.baton(["schema"]).run();
    assert_eq!(names.code, Some(0), "{names:?}");
    let names: BTreeSet<String> = names.stdout.lines().map(str::to_owned).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in &names {
        let printed = scratch.baton(["schema", name]).run();
        assert_eq!(printed.code, Some(0), "{printed:?}");
        let file = fs::read_to_string(dir().join(name).with_extension("json")).unwrap_or_default();
        assert_eq!(file, printed.stdout, "{name}");
        schema(name);
    }
    // The schemas of the live view are in a folder of their own.
    let files = fs::read_dir(dir()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let files: BTreeSet<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(files, names, "a file is no schema of the program");
    let unknown = scratch.baton(["schema", "another"]).run();
    assert_eq!(unknown.code, Some(4), "{unknown:?}");
}

#[test]
fn every_recorded_payload_is_accepted() {
    for agent in Agent::ALL {
        let schema = schema(&format!("payload-{agent}"));
        let mut seen = 0;
        for capture in Capture::all(agent) {
            for call in &capture.calls {
                let payload: Value = serde_json::from_str(&call.payload(HOME)).unwrap();
                fits(&schema, &payload, &format!("{} {}", capture.name, call.order));
                seen += 1;
            }
        }
        assert!(seen > 250, "{agent}: {seen}");
    }
}

/// The program refuses what the schema refuses, with status 1. `hook/tests/it/payload_schemas.rs` compares all
/// mutations of all payloads with the parser itself. This test shows that the program uses that parser.
#[test]
fn the_program_refuses_what_the_schema_refuses() {
    for agent in Agent::ALL {
        let schema = schema(&format!("payload-{agent}"));
        let good = json!({"hook_event_name": "Stop", "session_id": "s1", "cwd": "/w"});
        for (field, value) in [
            ("cwd", json!("/w")),
            ("cwd", json!(1)),
            ("agent_id", json!(["a"])),
            ("session_id", json!("")),
            ("session_id", json!(null)),
            ("session_id", json!("../s1")),
            ("session_id", json!(["s1"])),
            ("hook_event_name", json!("Another")),
            ("hook_event_name", json!(null)),
        ] {
            let mut payload = good.clone();
            payload[field] = value;
            let output = Scratch::new().hook(agent.name(), payload.to_string()).run();
            let status = i32::from(!schema.is_valid(&payload));
            assert_eq!(output.code, Some(status), "{agent}: {payload}: {output:?}");
        }
    }
}

/// Checks everything in a state against the schemas, and returns the reason codes of its decisions.
fn state_fits(state: &State) -> BTreeSet<String> {
    let [session, run, line, request, decision] =
        ["record-session", "record-run", "audit-line", "request", "decision"].map(schema);
    for (path, bytes) in &state.files {
        let is_record = path.extension().is_some_and(|extension| extension == "json");
        let value = || serde_json::from_slice::<Value>(bytes).unwrap();
        let place = path.strip_prefix("archive").unwrap_or(path);
        if is_record && place.starts_with("sessions") {
            fits(&session, &value(), &path.display().to_string());
        } else if is_record && place.starts_with("runs") {
            fits(&run, &value(), &path.display().to_string());
        }
    }
    let mut reasons = BTreeSet::new();
    for entry in state.audit() {
        fits(&line, &entry, "a line of the audit");
        for (part, schema) in [("request", &request), ("decision", &decision)] {
            if let Some(value) = entry.get(part) {
                fits(schema, value, part);
            }
        }
        reasons.insert(entry["reason"].as_str().unwrap().to_owned());
    }
    reasons
}

/// Plays two windows, two runs, a transfer, refusals and a cancel.
#[test]
fn what_is_replied_printed_and_written_fits() {
    let [reply, run_view, runs_view, session_view, sessions_view, block] =
        ["reply-context", "output-run", "output-runs", "output-session", "output-sessions", "reply-block"].map(schema);
    let mut replies = 0;
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        let mut hear = |ended: Ended| {
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
            if !ended.stdout.is_empty() {
                replies += 1;
                fits(&reply, &serde_json::from_str(&ended.stdout).unwrap(), "a reply");
            }
        };
        let mut first = Window::open(&scratch, agent, "%1");
        hear(first.hook("SessionStart", "s1", &json!({})));
        hear(first.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
        let started = first.baton("s1", &["run", "start", "demo", "--phase", "one", "--max-iterations", "9", "--json"]);
        let run: Value = serde_json::from_str(&started.stdout).unwrap();
        fits(&run_view, &run, "run start");
        let id = run["id"].as_str().unwrap();
        assert_eq!(first.baton("s1", &["run", "start", "more"]).code, Some(3));
        let mut second = Window::open(&scratch, agent, "%2");
        hear(second.hook("SessionStart", "s1", &json!({"source": "resume"})));
        first.process.kill();
        hear(second.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
        assert_eq!(second.baton("s1", &["run", "update", id, "--fence", "1"]).code, Some(3));
        assert_eq!(second.baton("s1", &["run", "update", id, "--iteration", "2"]).code, Some(0));
        second.process.kill();
        let mut third = Window::open(&scratch, agent, "%2");
        hear(third.hook("SessionStart", "s2", &json!({})));
        hear(third.hook("Stop", "s2", &json!({})));
        let runs = scratch.baton(["run", "list", "--all", "--json"]).run().json();
        assert!(!runs["runs"].as_array().unwrap().is_empty());
        fits(&runs_view, &runs, "run list");
        let sessions = scratch.baton(["session", "list", "--all", "--json"]).run().json();
        assert!(!sessions["sessions"].as_array().unwrap().is_empty());
        fits(&sessions_view, &sessions, "session list");
        fits(&run_view, &scratch.baton(["run", "show", id, "--json"]).run().json(), "run show");
        fits(&session_view, &scratch.baton(["session", "show", "s1", "--json"]).run().json(), "session show");
        assert_eq!(scratch.baton(["run", "cancel", id]).run().code, Some(0));
        let words = ["run", "start", "more", "--loop", "--prompt", "Go on.", "--until", "DONE", "--max-time", "2h"];
        assert_eq!(third.baton("s2", &words).code, Some(0));
        let stop = third.hook("Stop", "s2", &json!({"last_assistant_message": "part", "stop_hook_active": false}));
        fits(&block, &serde_json::from_str(&stop.stdout).unwrap(), "a stop");
        hear(third.hook("SessionEnd", "s2", &json!({})));
        let reasons = state_fits(&scratch.state());
        for reason in ["registered", "owner_alive", "resumed_same_session", "updated", "cancelled", "iterated", "ended"]
        {
            assert!(reasons.contains(reason), "{agent}: {reason} is not in {reasons:?}");
        }
    }
    assert_eq!(replies, 6, "each agent: who owns it, the change of owner, the offer");
}

#[test]
fn what_recordings_leave_fits() {
    for name in
        ["claude/12-tui-clear", "claude/29-tui-resume-live", "codex/14-tui-resume-fork", "codex/24-daemon-two-panes"]
    {
        let mut replay = Replay::new(Capture::read(name));
        let calls = replay.hooked(1..=u32::MAX);
        for (at, order) in calls.into_iter().enumerate() {
            replay.play(order, &Twist::default());
            if at == 1 {
                let started = replay.command(Some(("P1", "A")), &["run", "start", "demo"].map(str::to_owned));
                assert_eq!(started.code, Some(0), "{name}: {started:?}");
            }
        }
        assert!(state_fits(&replay.state()).len() > 2, "{name}");
    }
}

/// A schema that accepts everything would make the tests above prove nothing.
#[test]
fn a_wrong_value_is_seen() {
    for (name, wrong) in [
        ("record-session", json!({"id": "s1"})),
        ("record-run", json!({"id": "../r"})),
        ("audit-line", json!({"n": "1"})),
        ("request", json!({"protocol": 2})),
        ("decision", json!({"protocol": 2, "reason": "because", "also": [], "changes": [], "notifications": []})),
        ("reply-context", json!({"systemMessage": "s", "more": 1})),
        ("reply-user", json!({})),
        ("reply-block", json!({"decision": "approve", "reason": "r"})),
        ("output-run", json!({})),
        ("output-session", json!({})),
        ("payload-claude", json!({"session_id": "s1"})),
        ("payload-codex", json!({"hook_event_name": "Stop", "session_id": "../s1"})),
        ("notification-codex", json!({"thread-id": "s1"})),
    ] {
        assert!(!schema(name).is_valid(&wrong), "{name} accepts {wrong}");
    }
}
