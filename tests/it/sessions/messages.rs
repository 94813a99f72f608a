//! Messages are recorded where a user configured it, even through crashes, and nowhere else.

use std::fs;
use std::path::Path;
use std::time::Duration;

use agent_baton_core::agent::Agent;
use agent_baton_core::rules::duplicate_event::WINDOW_MS;
use agent_baton_tests::conversation::{keep, words};
use agent_baton_tests::fault_injection::hold;
use agent_baton_tests::window::{assert_no_output, assert_one_line};
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

fn file(scratch: &Scratch, name: &str) -> Option<Vec<u8>> {
    fs::read(scratch.state_dir().join("conversations/s1").join(name)).ok()
}

/// Opens a session that recorded these turns.
fn with_turns<'a>(scratch: &'a Scratch, agent: Agent, turns: &[(&str, &str)]) -> Window<'a> {
    keep(scratch, "all");
    let mut window = Window::open(scratch, agent, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    for (prompt, answer) in turns {
        window.turn("s1", prompt, answer);
        // Equal bytes count as a new event once the time for a duplicate delivery is over.
        std::thread::sleep(Duration::from_millis(WINDOW_MS + 50));
    }
    window
}

#[test]
fn prompts_and_answers_are_kept_and_saved_at_the_end() {
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        let mut window =
            with_turns(&scratch, agent, &[("one", "first"), ("one", "first"), ("zwei \u{1f600}\n\"", "second")]);
        let expected = [
            "prompt: one",
            "answer: first",
            "prompt: one",
            "answer: first",
            "prompt: zwei \u{1f600}\n\"",
            "answer: second",
        ];
        assert_eq!(words(&scratch, "s1"), expected, "{agent}: a repetition stays");
        assert_eq!(file(&scratch, "saved.jsonl"), None);
        assert_no_output(&window.hook("SessionEnd", "s1", &json!({})));
        assert_eq!(words(&scratch, "s1"), expected, "{agent}");
        assert_eq!(file(&scratch, "log.jsonl").unwrap(), b"");
        let shown = scratch.baton(["session", "show", "s1", "--json"]).run().json();
        assert_eq!(shown["conversation"], json!({"messages": 6, "chunks": []}));
    }
}

#[test]
fn after_a_crash_the_next_start_saves_what_was_said() {
    let scratch = Scratch::new();
    let mut first = with_turns(&scratch, Agent::Claude, &[("one", "first")]);
    assert_no_output(&first.hook("UserPromptSubmit", "s1", &json!({"prompt": "two"})));
    first.process.kill();
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    assert_no_output(&second.hook("SessionStart", "s1", &json!({"source": "resume"})));
    assert_eq!(file(&scratch, "log.jsonl").unwrap(), b"");
    let expected = ["prompt: one", "answer: first", "prompt: two"];
    assert_eq!(words(&scratch, "s1"), expected);
    // Another start finds nothing to do.
    assert_no_output(&second.hook("SessionStart", "s1", &json!({"source": "resume", "again": true})));
    assert_eq!(words(&scratch, "s1"), expected);
}

#[test]
fn two_windows_of_one_session_share_its_log() {
    let scratch = Scratch::new();
    let mut first = with_turns(&scratch, Agent::Claude, &[("one", "first")]);
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    assert_no_output(&second.hook("SessionStart", "s1", &json!({"source": "resume"})));
    second.turn("s1", "two", "second");
    first.turn("s1", "three", "third");
    assert_no_output(&second.hook("SessionEnd", "s1", &json!({})));
    first.turn("s1", "four", "fourth");
    let expected = ["one", "first", "two", "second", "three", "third", "four", "fourth"];
    let found = words(&scratch, "s1");
    assert_eq!(found.iter().map(|words| words.split_once(": ").unwrap().1).collect::<Vec<_>>(), expected);
}

#[test]
fn by_default_nothing_is_kept() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    window.turn("s1", "a-secret-prompt", "a-secret-answer");
    assert_no_output(&window.hook("PreCompact", "s1", &json!({"trigger": "manual"})));
    assert_no_output(&window.hook("SessionEnd", "s1", &json!({})));
    assert!(!scratch.state_dir().join("conversations").exists());
    nowhere_but(&scratch, "a-secret", None);
}

#[test]
fn to_turn_it_off_counts_at_once_and_to_turn_it_on_at_the_next_start() {
    let scratch = Scratch::new();
    let mut window = with_turns(&scratch, Agent::Claude, &[("one", "first")]);
    keep(&scratch, "off");
    window.turn("s1", "two", "second");
    keep(&scratch, "all");
    window.turn("s1", "three", "third");
    assert_eq!(words(&scratch, "s1"), ["prompt: one", "answer: first", "prompt: three", "answer: third"]);
    keep(&scratch, "off");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({"source": "resume"})));
    keep(&scratch, "all");
    window.turn("s1", "four", "fourth");
    assert_eq!(words(&scratch, "s1").len(), 4);
    assert_no_output(&window.hook("SessionStart", "s1", &json!({"source": "resume", "again": true})));
    window.turn("s1", "five", "fifth");
    assert_eq!(words(&scratch, "s1").len(), 6);
}

/// After a user deleted a session, its messages are no longer recorded, with or without the lock.
#[test]
fn of_a_deleted_session_nothing_more_is_written_down() {
    let scratch = Scratch::new();
    let mut window = with_turns(&scratch, Agent::Claude, &[("one", "first")]);
    assert_no_output(&window.hook("SessionEnd", "s1", &json!({})));
    window.process.kill();
    assert_eq!(scratch.baton(["session", "delete", "s1"]).run().code, Some(0));
    let mut again = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&again.hook("SessionStart", "s1", &json!({"source": "resume"})));
    again.turn("s1", "a-secret-prompt", "a-secret-answer");
    assert_no_output(&again.hook("PreCompact", "s1", &json!({"trigger": "manual"})));
    let held = hold(&scratch);
    let late = again.hook("UserPromptSubmit", "s1", &json!({"prompt": "a-secret-again"}));
    assert_eq!(late.code, Some(0), "{late:?}");
    drop(held);
    assert_no_output(&again.hook("SessionEnd", "s1", &json!({})));
    nowhere_but(&scratch, "a-secret", None);
}

/// A repository's settings can name another location for the configuration, but it does not count.
#[test]
fn a_configuration_that_is_wrong_keeps_nothing_and_says_so() {
    let scratch = Scratch::new();
    let mut window = with_turns(&scratch, Agent::Claude, &[("one", "first")]);
    keep(&scratch, "everything");
    assert_one_line(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "two"})), 0);
    assert_eq!(words(&scratch, "s1").len(), 2);
}

/// Checks that the text is in no file of the state except those below this directory.
fn nowhere_but(scratch: &Scratch, secret: &str, but: Option<&str>) {
    let mut files = 0;
    for (path, bytes) in scratch.state().files {
        if but.is_some_and(|but| path.starts_with(but)) {
            continue;
        }
        files += 1;
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{} holds what was said", path.display());
    }
    assert!(files > 3, "there is a state to look at");
}

#[test]
fn what_was_said_stands_in_the_conversation_alone() {
    let scratch = Scratch::new();
    let mut window = with_turns(&scratch, Agent::Claude, &[("a-secret-prompt", "a-secret-answer")]);
    // An event that does not get the lock waits in the inbox, without its text.
    let mut another = Window::open(&scratch, Agent::Claude, "%2");
    let held = hold(&scratch);
    assert_no_output(&another.hook("UserPromptSubmit", "s1", &json!({"prompt": "a-secret-that-waits"})));
    assert!(scratch.state_dir().join("inbox").is_dir());
    nowhere_but(&scratch, "a-secret", Some("conversations"));
    drop(held);
    assert_no_output(&window.hook("PreCompact", "s1", &json!({"trigger": "auto", "custom_instructions": "a-secret"})));
    assert_no_output(&window.hook("SessionEnd", "s1", &json!({})));
    nowhere_but(&scratch, "a-secret", Some("conversations"));
    assert_eq!(
        words(&scratch, "s1"),
        ["prompt: a-secret-prompt", "answer: a-secret-answer", "prompt: a-secret-that-waits"]
    );
    let chunk = String::from_utf8(file(&scratch, "chunk-1.md").unwrap()).unwrap();
    assert!(chunk.contains("a-secret-that-waits") && chunk.contains("\ntopics: [\"a-secret-prompt\""), "{chunk}");
    // The commands that show decisions do not print it either.
    for command in [&["log", "--json"][..], &["explain", "1"]] {
        let output = scratch.baton(command.iter().copied()).run();
        assert!(!output.stdout.contains("a-secret"), "{output:?}");
    }
}

#[test]
fn a_log_that_cannot_be_written_costs_its_messages_alone() {
    let scratch = Scratch::new();
    let mut window = with_turns(&scratch, Agent::Claude, &[]);
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "one"})));
    let log = scratch.state_dir().join("conversations/s1/log.jsonl");
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    let before = scratch.state().logged();
    assert_one_line(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "two"})), 0);
    assert!(scratch.state().logged() > before, "the heartbeat counts all the same");
    assert_one_line(&window.hook("SessionEnd", "s1", &json!({})), 0);
    assert!(scratch.state().sessions()[0].record.ended.is_some());
}

#[test]
fn a_symlinked_log_is_not_followed() {
    let scratch = Scratch::new();
    let mut window = with_turns(&scratch, Agent::Claude, &[("one", "first")]);
    let (log, victim) = (scratch.state_dir().join("conversations/s1/log.jsonl"), scratch.root().join("victim"));
    fs::write(&victim, "mine").unwrap();
    fs::remove_file(&log).unwrap();
    std::os::unix::fs::symlink(&victim, &log).unwrap();
    assert_one_line(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "two"})), 0);
    assert_eq!(fs::read(&victim).unwrap(), b"mine");
}

/// Writes the last lines of a transcript.
fn transcript(path: &Path, lines: &[serde_json::Value]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(path, text).unwrap();
}

#[test]
fn a_resumed_session_is_told_that_its_last_turn_was_cut() {
    let user = json!({"parentUuid": null, "type": "user", "message": {"role": "user", "content": "hello"}});
    let answer = json!({"parentUuid": null, "type": "assistant", "message": {"role": "assistant",
        "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"}});
    let call = json!({"parentUuid": null, "type": "assistant", "message": {"role": "assistant",
        "content": [{"type": "tool_use", "id": "t1", "name": "Bash"}], "stop_reason": "tool_use"}});
    let cases: [(&[serde_json::Value], Option<&str>, bool, &str); 4] = [
        (
            std::slice::from_ref(&user),
            Some("was interrupted: its last prompt got no answer"),
            true,
            "interrupted_prompt",
        ),
        (
            &[user.clone(), call],
            Some("was interrupted: a tool call in it got no result"),
            true,
            "interrupted_tool_call",
        ),
        (&[user.clone(), answer], None, false, "ended"),
        (&[], None, false, "unknown"),
    ];
    for (lines, model, user, word) in cases {
        let scratch = Scratch::new();
        let mut first = Window::open(&scratch, Agent::Claude, "%1");
        assert_no_output(&first.hook("SessionStart", "s1", &json!({})));
        assert_no_output(&first.hook("UserPromptSubmit", "s1", &json!({"prompt": "hello"})));
        transcript(&scratch.home().join("work/s1.jsonl"), lines);
        // While a window displays the session, its turn may be in progress.
        let mut second = Window::open(&scratch, Agent::Claude, "%2");
        assert_no_output(&second.hook("SessionStart", "s1", &json!({"source": "resume"})));
        first.process.kill();
        second.process.kill();
        let shown = scratch.baton(["session", "show", "s1", "--json"]).run().json();
        assert_eq!(shown["last_turn"], word);
        let mut third = Window::open(&scratch, Agent::Claude, "%3");
        let resumed = third.hook("SessionStart", "s1", &json!({"source": "resume"}));
        assert_eq!(resumed.code, Some(0), "{resumed:?}");
        match model {
            Some(model) => assert!(resumed.stdout.contains(model), "{resumed:?}"),
            None => assert_no_output(&resumed),
        }
        assert_eq!(resumed.stdout.contains("systemMessage"), user, "{resumed:?}");
        assert!(!resumed.stdout.contains("hello"), "{resumed:?}");
    }
}
