use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_core::event::{EventName, Source};
use serde_json::{Value, json};

use super::raw;
use crate::*;

fn parse(agent: Agent, text: &str) -> Result<ParsedEvent, String> {
    spec(agent).parse(&raw(text)).map_err(|error| error.to_string())
}

const CLAUDE_START: &str = r#"{"session_id":"a3693d61-7345-43a6-b9fa-90722ef9cd41","transcript_path":"/home/dev/t.jsonl",
    "cwd":"/home/dev/work","hook_event_name":"SessionStart","source":"startup","model":"m"}"#;
const CLAUDE_PROMPT: &str = r#"{"session_id":"a3693d61-7345-43a6-b9fa-90722ef9cd41","transcript_path":"/home/dev/t.jsonl",
    "cwd":"/home/dev/work","prompt_id":"96befae3","permission_mode":"auto","hook_event_name":"UserPromptSubmit",
    "prompt":"hello one"}"#;
const CLAUDE_STOP: &str = r#"{"session_id":"s1","cwd":"/w","prompt_id":"p","effort":{"level":"medium"},"hook_event_name":"Stop",
    "stop_hook_active":false,"last_assistant_message":"secret","background_tasks":[],"session_crons":[]}"#;
const CODEX_START: &str = r#"{"session_id":"01a1fd44-7b83-7991-81c1-45804ee6f7f2","transcript_path":null,"cwd":"/home/dev/work",
    "hook_event_name":"SessionStart","model":"m","permission_mode":"default","source":"resume"}"#;
const CODEX_PROMPT: &str = r#"{"session_id":"01a1fd44-7b83-7991-81c1-45804ee6f7f2","turn_id":"01a1","transcript_path":"/t",
    "cwd":"/home/dev/work","hook_event_name":"UserPromptSubmit","model":"m","permission_mode":"default","prompt":"hi",
    "agent_id":"child","agent_type":"default"}"#;
const CODEX_END: &str =
    r#"{"session_id":"01a1","transcript_path":null,"cwd":"/w","hook_event_name":"SessionEnd","reason":"other"}"#;

const ALL: [(Agent, &str); 6] = [
    (Agent::Claude, CLAUDE_START),
    (Agent::Claude, CLAUDE_PROMPT),
    (Agent::Claude, CLAUDE_STOP),
    (Agent::Codex, CODEX_START),
    (Agent::Codex, CODEX_PROMPT),
    (Agent::Codex, CODEX_END),
];

#[test]
fn what_is_taken_from_payloads() {
    let said = parse(Agent::Claude, CLAUDE_START).unwrap();
    assert_eq!((said.name, said.source), (EventName::SessionStart, Some(Source::Startup)));
    assert_eq!(said.session.unwrap().as_str(), "a3693d61-7345-43a6-b9fa-90722ef9cd41");
    assert_eq!(said.cwd.as_deref(), Some("/home/dev/work"));
    assert_eq!(said.transcript.as_deref(), Some("/home/dev/t.jsonl"));
    assert!(!said.subagent && said.prompt.is_none() && said.prompt_id.is_none());

    let prompt = parse(Agent::Claude, CLAUDE_PROMPT).unwrap();
    let kept = prompt.prompt.unwrap();
    assert_eq!((kept.bytes, kept.digest.as_str(), kept.by_user), (9, "7e0502de8d86fd7c", true));
    assert_eq!(prompt.prompt_id.as_deref(), Some(baton_fs::hash::sha256_hex(b"96befae3", 8).as_str()));

    let codex = parse(Agent::Codex, CODEX_PROMPT).unwrap();
    assert!(codex.subagent);
    assert_eq!(codex.prompt_id.as_deref(), Some(baton_fs::hash::sha256_hex(b"01a1", 8).as_str()));
    assert_eq!(parse(Agent::Codex, CODEX_START).unwrap().source, Some(Source::Resume));
    assert_eq!(parse(Agent::Codex, CODEX_END).unwrap().name, EventName::SessionEnd);
}

#[test]
fn each_agent_has_its_own_hooked_events() {
    use EventName as Name;
    for (word, claude, codex) in [
        ("SessionStart", Name::SessionStart, Name::SessionStart),
        ("SessionEnd", Name::SessionEnd, Name::SessionEnd),
        ("UserPromptSubmit", Name::UserPromptSubmit, Name::UserPromptSubmit),
        ("Stop", Name::Stop, Name::Stop),
        ("PreCompact", Name::PreCompact, Name::PreCompact),
        ("StopFailure", Name::StopFailure, Name::Other),
        ("Notification", Name::Notification, Name::Other),
        ("Interrupt", Name::Other, Name::Interrupt),
        ("PermissionRequest", Name::Other, Name::PermissionRequest),
        ("PreToolUse", Name::Other, Name::Other),
        ("sessionstart", Name::Other, Name::Other),
        ("", Name::Other, Name::Other),
        ("\\ud800", Name::Other, Name::Other),
        ("St\\u006fp", Name::Stop, Name::Stop),
    ] {
        let text = format!(r#"{{"session_id":"s1","hook_event_name":"{word}"}}"#);
        assert_eq!(parse(Agent::Claude, &text).unwrap().name, claude, "{word}");
        assert_eq!(parse(Agent::Codex, &text).unwrap().name, codex, "{word}");
    }
}

#[test]
fn of_an_event_that_is_not_hooked_nothing_is_taken() {
    let text = r#"{"hook_event_name":"FromTheFuture","session_id":[1],"cwd":{},"prompt":0}"#;
    assert_eq!(parse(Agent::Claude, text), Ok(ParsedEvent::OTHER));
    assert_eq!(parse(Agent::Codex, text), Ok(ParsedEvent::OTHER));
}

#[test]
fn half_a_surrogate_pair_spoils_no_event() {
    let text = r#"{"hook_event_name":"UserPromptSubmit","session_id":"s1","cwd":"/a\udc00","transcript_path":"\ud800",
        "prompt":"half \ud83d of a face","other":"\udfff"}"#;
    let said = parse(Agent::Claude, text).unwrap();
    assert_eq!((said.cwd, said.transcript), (None, None));
    assert_eq!(said.session.unwrap().as_str(), "s1");
    assert_eq!(said.prompt.unwrap().bytes, 21);
}

#[test]
fn each_field_of_a_stop_counts_on_its_own() {
    const HALF: &str = "\u{fffd}\u{fffd}\u{fffd}";
    for (fields, continued, message) in [
        (r#""stop_hook_active":true,"last_assistant_message":"a""#, true, Some("a".to_owned())),
        (
            r#""stop_hook_active":true,"last_assistant_message":"a \ud83d\ude00 b""#,
            true,
            Some("a \u{1f600} b".to_owned()),
        ),
        (r#""stop_hook_active":true,"last_assistant_message":"a \ud83d b""#, true, Some(format!("a {HALF} b"))),
        (r#""stop_hook_active":true,"last_assistant_message":"\ude00\ud83d""#, true, Some(HALF.repeat(2))),
        (r#""last_assistant_message":"a","stop_hook_active":"\ud83d""#, false, Some("a".to_owned())),
        (r#""last_assistant_message":"a","stop_hook_active":[1e999]"#, false, Some("a".to_owned())),
        (r#""last_assistant_message":"a","other":{"deep":"\udfff","large":1e999}"#, false, Some("a".to_owned())),
        (r#""stop_hook_active":true,"last_assistant_message":{"of":"a later version"}"#, true, None),
        (r#""stop_hook_active":true,"last_assistant_message":null"#, true, None),
    ] {
        let text = format!(r#"{{"hook_event_name":"Stop",{fields}}}"#);
        assert_eq!(StopDetails::parse(&text), StopDetails { continued, message }, "{text}");
    }
}

#[test]
fn paths_are_absolute_or_not_known() {
    let long = format!("/{}", "x".repeat(5000));
    for (cwd, expected) in [
        ("/a b/é", Some("/a b/é")),
        ("/a\\u0062", Some("/ab")),
        ("a", None),
        ("", None),
        ("/a\\u0000", None),
        (&long, None),
    ] {
        let text = format!(r#"{{"hook_event_name":"Stop","cwd":"{cwd}"}}"#);
        assert_eq!(parse(Agent::Codex, &text).unwrap().cwd.as_deref(), expected, "{cwd}");
    }
}

#[test]
fn a_task_notification_is_no_user() {
    for (prompt, by_user) in [
        ("<task-notification>\\n<task-id>a</task-id>", false),
        ("\\u003Ctask-notification\\u003e", false),
        ("<task-notification", true),
        (" <task-notification>", true),
        ("tell me about <task-notification>", true),
        ("\\u00", true),
        ("", true),
    ] {
        let text = format!(r#"{{"hook_event_name":"UserPromptSubmit","prompt":"{prompt}"}}"#);
        match parse(Agent::Claude, &text) {
            Ok(said) => assert_eq!(said.prompt.unwrap().by_user, by_user, "{prompt}"),
            // A truncated escape is not JSON.
            Err(_) => assert_eq!(prompt, "\\u00"),
        }
    }
}

#[test]
fn a_subagent_has_an_id() {
    for (field, subagent) in [
        (r#""agent_id":"a1","#, true),
        (r#""agent_id":"","#, false),
        (r#""agent_id":null,"#, false),
        ("", false),
        // What cannot be read still says that there is a subagent, and its event must not act for its parent.
        (r#""agent_id":7,"#, true),
        (r#""agent_id":{"id":"a1"},"#, true),
        (r#""agent_id":"\ud800","#, true),
    ] {
        let text = format!(r#"{{{field}"hook_event_name":"Stop","agent_type":"general-purpose"}}"#);
        for agent in [Agent::Claude, Agent::Codex] {
            assert_eq!(parse(agent, &text).unwrap().subagent, subagent, "{agent} {field}");
        }
    }
}

#[test]
fn what_is_refused_is_not_repeated() {
    let long = "x".repeat(10_000);
    for (field, part) in [
        (format!(r#""session_id":"{long}""#), "session_id is longer than 128"),
        (r#""session_id":"..\/secret""#.to_owned(), "session_id contains a character"),
        (r#""session_id":"secret\u001b[2J""#.to_owned(), "session_id contains a character"),
        (r#""session_id":"\ud800""#.to_owned(), "session_id holds half"),
        (format!(r#""session_id":["secret","{long}"]"#), "session_id is not a string"),
        (r#""session_id":7"#.to_owned(), "session_id is not a string"),
    ] {
        for agent in Agent::ALL {
            let error = parse(agent, &format!(r#"{{"hook_event_name":"UserPromptSubmit",{field}}}"#)).unwrap_err();
            assert!(error.contains(part), "{error}");
            assert!(error.len() < 300 && !error.contains("secret") && !error.contains(char::is_control), "{error}");
        }
    }
}

#[test]
fn the_field_that_cannot_be_used_is_named() {
    for (text, expected) in [
        (r#"{"session_id":"s1"}"#, "the event has no hook_event_name; was the hook installed for another agent?"),
        (r#"{"hook_event_name":null}"#, "the event has no hook_event_name; was the hook installed for another agent?"),
        (
            r#"{"hook_event_name":["Stop"]}"#,
            "the event's hook_event_name is not a string; was the hook installed for another agent?",
        ),
        (r#"{"hook_event_name":"Stop","session_id":{}}"#, "the event names no session: its session_id is not a string"),
        ("{'hook_event_name':'Stop'}", "the event is not JSON: line 1, column 2"),
    ] {
        for agent in Agent::ALL {
            assert_eq!(parse(agent, text), Err(expected.to_owned()), "{text}");
        }
    }
    for (text, expected) in [
        (r#"{"thread-id":"t1"}"#, "the event has no type; was the hook installed for another agent?"),
        (r#"{"type":7}"#, "the event's type is not a string; was the hook installed for another agent?"),
        (
            r#"{"type":"agent-turn-complete","thread-id":7}"#,
            "the event names no session: its thread-id is not a string",
        ),
    ] {
        let error = spec(Agent::Codex).parse_notification(&raw(text)).unwrap().unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

/// Of a known field, another type than today's counts as absent and costs nothing else. For the id of a subagent, see
/// `a_subagent_has_an_id`.
#[test]
fn a_field_of_another_type_is_absent() {
    for (agent, text) in ALL {
        let base: Value = serde_json::from_str(text).unwrap();
        for field in base
            .as_object()
            .unwrap()
            .keys()
            .filter(|field| !["session_id", "hook_event_name", "agent_id"].contains(&field.as_str()))
        {
            let mut without = base.clone();
            without.as_object_mut().unwrap().remove(field);
            let expected = parse(agent, &without.to_string()).unwrap();
            for other in [json!(5), json!(true), json!([]), json!({"of": "a later version"}), json!(null)] {
                let mut changed = base.clone();
                changed[field.as_str()] = other;
                assert_eq!(parse(agent, &changed.to_string()).as_ref(), Ok(&expected), "{agent}: {changed}");
            }
        }
    }
    let told = r#"{"type":"agent-turn-complete","thread-id":"t1","cwd":7,"turn-id":{}}"#;
    let told = spec(Agent::Codex).parse_notification(&raw(told)).unwrap().unwrap();
    assert_eq!((told.session.unwrap().as_str(), told.cwd, told.prompt_id), ("t1", None, None));
}

/// Removes, empties, nulls and retypes every field of every payload. The parser and the schema are generated from the
/// same types, so they must agree.
#[test]
fn the_schema_and_the_parser_agree() {
    let others =
        ["\"\"", "null", "5", "-1.5", "true", "[]", "{}", "[\"a\"]", "\"../x\"", "\"a b\"", "\"ok-1\"", "\"Other\""];
    let others: Vec<Value> = others.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let mut refused = 0;
    for (agent, text) in ALL {
        let base: Value = serde_json::from_str(text).unwrap();
        let schema = jsonschema::validator_for(spec(agent).schema().as_value()).unwrap();
        let mut check = |payload: &Value| {
            let parsed = parse(agent, &payload.to_string());
            assert_eq!(parsed.is_ok(), schema.is_valid(payload), "{agent}: {payload}\n{parsed:?}");
            refused += usize::from(parsed.is_err());
        };
        check(&base);
        check(&json!({}));
        let fields: Vec<String> = base
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .chain(["agent_id", "turn_id", "prompt_id", "extra"].map(str::to_owned))
            .collect();
        for field in &fields {
            for other in others.iter().chain([&json!("x".repeat(128)), &json!("x".repeat(129))]) {
                let mut changed = base.clone();
                changed[field.as_str()] = other.clone();
                check(&changed);
            }
            let mut removed = base.clone();
            removed.as_object_mut().unwrap().remove(field);
            check(&removed);
        }
    }
    assert!(refused > 100, "only {refused} were refused");
}

#[test]
fn the_table_has_each_agent_once_and_in_order() {
    assert_eq!(AGENTS.iter().map(|spec| spec.agent).collect::<Vec<_>>(), Agent::ALL);
    assert!(Agent::ALL.iter().all(|&agent| spec(agent).agent == agent));
}

#[test]
fn a_transcript_shows_which_directory_the_agent_must_use() {
    let dir = tempfile::tempdir().unwrap();
    let base = std::fs::canonicalize(dir.path()).unwrap();
    let path = |name: &str| base.join(name).to_str().unwrap().to_owned();
    for name in [".claude/projects/-w", "work/projects/-w", ".codex/sessions/2026/01/02", "other/sessions/2026/01/02"] {
        std::fs::create_dir_all(base.join(name)).unwrap();
    }
    let (user, work, other) = (path(""), path("work"), path("other"));
    let user = user.trim_end_matches('/');
    let claude = ("CLAUDE_CONFIG_DIR", work.as_str());
    let codex = ("CODEX_HOME", other.as_str());
    for (agent, transcript, set, expected) in [
        (Agent::Claude, ".claude/projects/-w/s.jsonl", None, String::new()),
        (Agent::Claude, "work/projects/-w/s.jsonl", Some(claude), String::new()),
        (Agent::Claude, "work/projects/-w/s.jsonl", None, format!("env CLAUDE_CONFIG_DIR={work}")),
        (Agent::Claude, ".claude/projects/-w/s.jsonl", Some(claude), "env -u CLAUDE_CONFIG_DIR".to_owned()),
        (Agent::Codex, ".codex/sessions/2026/01/02/r.jsonl", None, String::new()),
        (Agent::Codex, ".codex/sessions/2026/01/02/r.jsonl", Some(codex), "env -u CODEX_HOME".to_owned()),
        (Agent::Codex, "other/sessions/2026/01/02/r.jsonl", None, format!("env CODEX_HOME={other}")),
        (Agent::Claude, "s.jsonl", Some(claude), String::new()),
        (Agent::Claude, "gone/projects/-w/s.jsonl", None, String::new()),
    ] {
        let variables: Vec<(&str, &str)> = std::iter::once(("HOME", user)).chain(set).collect();
        let profile = spec(agent).profile(&variables.as_slice(), Path::new(&path(transcript)));
        assert_eq!(profile.words(agent).join(" "), expected, "{transcript}, {set:?}");
    }
}

#[test]
fn an_agents_directory_comes_from_its_variable_else_from_home() {
    let check = |variables: &[(&str, &str)], expected: Option<&str>| {
        assert_eq!(spec(Agent::Codex).home(&variables), expected.map(PathBuf::from), "{variables:?}");
    };
    check(&[("CODEX_HOME", "/c"), ("HOME", "/h")], Some("/c"));
    check(&[("HOME", "/h")], Some("/h/.codex"));
    check(&[("CODEX_HOME", ""), ("HOME", "/h")], Some("/h/.codex"));
    check(&[("CODEX_HOME", "c"), ("HOME", "/h")], None);
    check(&[], None);
}
