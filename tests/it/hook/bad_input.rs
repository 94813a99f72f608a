//! Input that is not an event: the hook prints one line for the user, exits with 1, tells the agent nothing, and does
//! not touch the state.

use std::path::Path;

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::scratch::Output;
use agent_baton_tests::window::{assert_no_output, assert_one_line};
use agent_baton_tests::{Scratch, Window, program};
use serde_json::{Value, json};

/// Returns a payload of a new session with one field replaced.
fn payload(key: &str, value: Value) -> Vec<u8> {
    let mut payload = json!({
        "session_id": "s2",
        "transcript_path": "/nonexistent/s2.jsonl",
        "cwd": "/",
        "hook_event_name": "SessionStart",
        "source": "startup",
    });
    payload[key] = value;
    payload.to_string().into_bytes()
}

fn refused(output: Output, what: &str) {
    assert_eq!(output.signal, None, "{what}");
    let Output { code, stdout, stderr, .. } = output;
    assert!(stderr.len() < 1000, "{what}: {} bytes", stderr.len());
    println!("{what}: {}", stderr.trim_end());
    assert_one_line(&Ended { code, stdout, stderr, wall_ns: 0 }, 1);
}

#[test]
fn what_is_no_event_is_refused_in_one_line() {
    let good = payload("source", json!("startup"));
    let deep = |open: &str, close: &str| {
        let (open, close) = (open.repeat(100_000), close.repeat(100_000));
        String::from_utf8(good.clone()).unwrap().replacen('{', &format!("{{\"deep\":{open}1{close},"), 1).into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("white space", b" \n\t\n".to_vec()),
        ("words", b"hello".to_vec()),
        ("a number", b"1".to_vec()),
        ("null", b"null".to_vec()),
        ("an array", b"[]".to_vec()),
        ("an array of an event", [b"[", good.as_slice(), b"]"].concat()),
        ("an empty object", b"{}".to_vec()),
        ("a byte order mark", [b"\xef\xbb\xbf", good.as_slice()].concat()),
        ("NUL bytes", vec![0; 4096]),
        ("half an event", good[..good.len() / 2].to_vec()),
        ("all but the last brace", good[..good.len() - 1].to_vec()),
        ("invalid UTF-8 outside of a string", [b"{\xff", &good[1..]].concat()),
        ("deep arrays", deep("[", "]")),
        ("deep objects", deep("{\"a\":", "}")),
        ("a key without a value", b"{\"hook_event_name\"}".to_vec()),
        ("single quotes", b"{'hook_event_name':'Stop'}".to_vec()),
        ("the event's name a number", payload("hook_event_name", json!(1))),
        ("the event's name null", payload("hook_event_name", json!(null))),
        ("the id a number", payload("session_id", json!(7))),
        ("the id an object", payload("session_id", json!({"id": "s2"}))),
        ("an id with /", payload("session_id", json!("a/b"))),
        ("an absolute path as id", payload("session_id", json!("/etc/passwd"))),
        ("an id ..", payload("session_id", json!(".."))),
        ("an id with ..", payload("session_id", json!("../../s1"))),
        ("an id .", payload("session_id", json!("."))),
        ("an id with a leading dot", payload("session_id", json!(".hidden"))),
        ("an id like an option", payload("session_id", json!("--json"))),
        ("an id with NUL", payload("session_id", json!("s2\0"))),
        ("an id with a line break", payload("session_id", json!("s2\nSPOOFED"))),
        ("an id with an escape sequence", payload("session_id", json!("\u{1b}[2Js2"))),
        ("an id that turns the direction", payload("session_id", json!("s2\u{202e}"))),
        ("an id of 10,000 characters", payload("session_id", json!("a".repeat(10_000)))),
    ];
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        assert_no_output(&Window::open(&scratch, agent, "%1").hook("SessionStart", "s1", &json!({})));
        let before = scratch.state();
        assert_eq!(before.sessions().len(), 1);
        for (what, stdin) in &cases {
            refused(scratch.hook(agent.name(), stdin.clone()).run(), what);
            assert_eq!(scratch.state(), before, "{agent}: {what}");
        }
    }
}

#[test]
fn a_payload_of_100_mb_is_refused_without_being_held() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let stdin = window.payload("UserPromptSubmit", "s1", &json!({"prompt": "x".repeat(100_000_000)})).to_string();
    let ended = window.process.run(window.call("s1", stdin));
    assert_one_line(&ended, 1);
    assert!(scratch.state().files.is_empty());
}

#[test]
fn an_agent_it_does_not_know_is_a_usage_error_and_never_status_2() {
    let scratch = Scratch::new();
    for args in
        [&["hook", "--agent", "another"][..], &["hook"], &["hook", "--agent"], &["hook", "--agent", "claude", "--what"]]
    {
        let output = scratch.baton(args.iter().copied()).stdin(payload("source", json!("startup"))).run();
        // Both agents interpret status 2 as an order to block the prompt.
        assert!(matches!(output.code, Some(0 | 1)), "{args:?}: {output:?}");
        assert_eq!(output.stdout, "", "{args:?}");
        assert_ne!(output.stderr, "", "{args:?}");
        assert!(scratch.state().files.is_empty(), "{args:?}");
    }
}

#[test]
fn a_present_directory_that_is_gone_is_named_as_what_is_missing() {
    for words in [
        "disable --project",
        "enable --project",
        "session show --here",
        "session list --here",
        "session discover",
        "project show",
        "run with demo -- true",
    ] {
        let scratch = Scratch::new();
        let gone = scratch.home().join("gone");
        std::fs::create_dir(&gone).unwrap();
        let script = ["-c", "rmdir \"$PWD\" && exec \"$@\"", "sh", program::baton().to_str().unwrap()];
        let output = scratch.program(Path::new("/bin/sh"), script.into_iter().chain(words.split(' '))).cwd(&gone).run();
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{words}: {output:?}");
        assert!(output.stderr.contains("the current directory"), "{words}: {output:?}");
    }
}
