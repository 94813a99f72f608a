//! Lessons from another session manager about messages, their recovery, chunks and exports: the cases of
//! `docs/PEERS.md`, each under its id.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use agent_baton_core::agent::Agent;
use agent_baton_core::rules::duplicate_event::WINDOW_MS;
use agent_baton_tests::conversation::{keep, words};
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::window::{assert_no_output, assert_one_line};
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

fn file(scratch: &Scratch, name: &str) -> PathBuf {
    scratch.state_dir().join("conversations/s1").join(name)
}

fn log(scratch: &Scratch) -> Vec<u8> {
    fs::read(file(scratch, "log.jsonl")).unwrap()
}

/// Opens a session that records messages, in this window.
fn begun<'a>(scratch: &'a Scratch, session: &str, pane: &str) -> Window<'a> {
    keep(scratch, "all");
    let mut window = Window::open(scratch, Agent::Claude, pane);
    assert_no_output(&window.hook("SessionStart", session, &json!({})));
    window
}

/// Lets session s1 say `one` and `first`, and kills it.
fn crashed(scratch: &Scratch) {
    let mut window = begun(scratch, "s1", "%1");
    window.turn("s1", "one", "first");
    window.process.kill();
}

/// Starts s1 again.
fn next_start<'a>(scratch: &'a Scratch, pane: &str) -> (Window<'a>, Ended) {
    let mut window = Window::open(scratch, Agent::Claude, pane);
    let started = window.hook("SessionStart", "s1", &json!({"source": "resume"}));
    (window, started)
}

fn recovered(scratch: &Scratch, pane: &str) {
    assert_no_output(&next_start(scratch, pane).1);
    assert_eq!(log(scratch), b"");
}

/// Returns the numbers and topics of the chunks that baton lists.
fn chunks(scratch: &Scratch) -> Vec<(u64, Value)> {
    let shown = scratch.baton(["session", "show", "s1", "--json"]).run().json();
    let chunks = shown["conversation"]["chunks"].as_array().unwrap();
    chunks.iter().map(|chunk| (chunk["number"].as_u64().unwrap(), chunk["topics"].clone())).collect()
}

/// Returns the names of the files in an export of s1, in order.
fn bundled(scratch: &Scratch) -> Vec<String> {
    let out = scratch.root().join("b.tar.gz");
    let output = scratch.baton(["session", "export", "s1", "--out", out.to_str().unwrap()]).run();
    assert_eq!(output.code, Some(0), "{output:?}");
    let listed = Command::new("tar").arg("-tzf").arg(out).output().unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    text.lines().map(|line| line.strip_prefix("baton-session-s1/").unwrap().to_owned()).collect()
}

#[test]
fn octo_031_files_for_plain() {
    let scratch = Scratch::new();
    crashed(&scratch);
    assert_eq!(bundled(&scratch), ["export.json", "session.json", "messages.jsonl", "decisions.jsonl"]);
}

fn chunk_order(numbers: &[u64], expected: &[u64]) {
    let scratch = Scratch::new();
    crashed(&scratch);
    for number in numbers {
        fs::write(file(&scratch, &format!("chunk-{number}.md")), "x").unwrap();
    }
    assert_eq!(chunks(&scratch).iter().map(|(number, _)| *number).collect::<Vec<_>>(), expected);
    let bundled = bundled(&scratch);
    let names = bundled.iter().filter(|name| name.starts_with("chunks/"));
    assert!(names.eq(expected.iter().map(|number| format!("chunks/chunk-{number}.md")).collect::<Vec<_>>().iter()));
}

#[test]
fn octo_032_files_for_chunks_sorted() {
    chunk_order(&[3, 1, 2], &[1, 2, 3]);
}

#[test]
fn octo_033_files_for_chunk_10() {
    chunk_order(&[2, 10], &[2, 10]);
}

#[test]
fn octo_036_chunks_topics_only_front() {
    let scratch = Scratch::new();
    crashed(&scratch);
    let late = format!("---\n{}topics: late\n---\n", "k: v\n".repeat(25));
    for (number, text) in [(1, "topics: no\n---\nx: 1\n---\ntopics: no\n"), (2, &late), (3, "---\ntopics:   \n---\n")] {
        fs::write(file(&scratch, &format!("chunk-{number}.md")), text).unwrap();
    }
    assert_eq!(chunks(&scratch), [1, 2, 3].map(|number| (number, Value::Null)));
}

#[test]
fn octo_037_next_chunk() {
    let scratch = Scratch::new();
    let mut window = begun(&scratch, "s1", "%1");
    window.turn("s1", "one", "first");
    for number in [1, 7] {
        fs::write(file(&scratch, &format!("chunk-{number}.md")), "x").unwrap();
    }
    assert_no_output(&window.hook("PreCompact", "s1", &json!({"trigger": "auto"})));
    assert_eq!(chunks(&scratch).last().unwrap(), &(8, json!("[\"one\"]")));
    let mut other = begun(&scratch, "s2", "%2");
    other.turn("s2", "two", "second");
    assert_no_output(&other.hook("PreCompact", "s2", &json!({"trigger": "auto"})));
    assert!(scratch.state_dir().join("conversations/s2/chunk-1.md").exists());
}

#[test]
fn octo_040_log_append() {
    let scratch = Scratch::new();
    crashed(&scratch);
    let text = String::from_utf8(log(&scratch)).unwrap();
    let lines: Vec<Value> =
        text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line["at"]["unix_ms"].is_u64() && line["n"].is_u64()), "{text}");
}

#[test]
fn octo_041_log_append_more() {
    let scratch = Scratch::new();
    let mut window = begun(&scratch, "s1", "%1");
    window.turn("s1", "one", "first");
    let before = log(&scratch);
    window.turn("s1", "two", "second");
    assert!(log(&scratch).starts_with(&before));
    assert_eq!(words(&scratch, "s1").len(), 4);
}

#[test]
fn octo_042_log_append_empty() {
    let scratch = Scratch::new();
    let mut window = begun(&scratch, "s1", "%1");
    for fields in [json!({"prompt": ""}), json!({"prompt": null}), json!({})] {
        assert_no_output(&window.hook("UserPromptSubmit", "s1", &fields));
    }
    assert!(!scratch.state_dir().join("conversations").exists());
}

#[test]
fn octo_044_log_read_broken_line() {
    let scratch = Scratch::new();
    crashed(&scratch);
    let mut lines: Vec<Vec<u8>> =
        log(&scratch).split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
    let torn = lines[0][..lines[0].len() / 2].to_vec();
    lines.splice(1..1, [b"not json".to_vec(), Vec::new(), b"   ".to_vec()]);
    lines.push(torn);
    fs::write(file(&scratch, "log.jsonl"), lines.join(&b'\n')).unwrap();
    let (_window, started) = next_start(&scratch, "%2");
    assert_one_line(&started, 0);
    assert!(started.stderr.contains("it was moved to"), "{started:?}");
    assert_eq!(words(&scratch, "s1"), ["prompt: one", "answer: first"]);
}

#[test]
fn a_conversation_that_is_gone_is_no_error() {
    let scratch = Scratch::new();
    let mut window = begun(&scratch, "s1", "%1");
    window.turn("s1", "one", "first");
    for again in [false, true] {
        assert_no_output(&window.hook("SessionEnd", "s1", &json!({"again": again})));
        assert_eq!(log(&scratch), b"");
    }
    fs::remove_file(file(&scratch, "log.jsonl")).unwrap();
    assert_no_output(&window.hook("SessionStart", "s1", &json!({"source": "resume"})));
    assert_no_output(&window.hook("SessionEnd", "s1", &json!({"again": 2})));
}

#[test]
fn octo_047_log_append_error_swallowed() {
    let scratch = Scratch::new();
    let mut window = begun(&scratch, "s1", "%1");
    fs::create_dir_all(file(&scratch, "log.jsonl")).unwrap();
    let conversations = scratch.state_dir().join("conversations");
    fs::set_permissions(conversations, fs::Permissions::from_mode(0o700)).unwrap();
    assert_one_line(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "one"})), 0);
    assert!(scratch.state().sessions()[0].record.prompted);
}

/// A message that a user sent twice is recorded twice.
#[test]
fn octo_051_recover_repeat_swallowed() {
    let scratch = Scratch::new();
    let mut window = begun(&scratch, "s1", "%1");
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "continue"})));
    assert_no_output(&window.hook("SessionEnd", "s1", &json!({})));
    assert_no_output(&window.hook("SessionStart", "s1", &json!({"source": "resume"})));
    std::thread::sleep(std::time::Duration::from_millis(WINDOW_MS + 50));
    window.turn("s1", "continue", "ok");
    window.process.kill();
    recovered(&scratch, "%2");
    assert_eq!(words(&scratch, "s1"), ["prompt: continue", "prompt: continue", "answer: ok"]);
}

/// Puts back a log that is already compacted. With `more`, another message is recorded in between.
fn replayed(more: bool) -> (Scratch, Vec<String>) {
    let scratch = Scratch::new();
    crashed(&scratch);
    let old = log(&scratch);
    let (mut window, started) = next_start(&scratch, "%2");
    assert_no_output(&started);
    if more {
        window.turn("s1", "later", "on");
        assert_no_output(&window.hook("SessionEnd", "s1", &json!({})));
        assert_no_output(&window.hook("SessionStart", "s1", &json!({"source": "resume"})));
    }
    window.turn("s1", "last", "words");
    window.process.kill();
    let before = words(&scratch, "s1");
    let present = log(&scratch);
    fs::write(file(&scratch, "log.jsonl"), [old, present].concat()).unwrap();
    recovered(&scratch, "%3");
    (scratch, before)
}

#[test]
fn octo_052_recover_middle_duplicate() {
    let (scratch, before) = replayed(false);
    assert_eq!(words(&scratch, "s1"), before);
    assert_eq!(before.len(), 4);
}

#[test]
fn octo_053_recover_no_touch_duplicates() {
    let (scratch, before) = replayed(true);
    assert_eq!(words(&scratch, "s1"), before);
    assert_eq!(before.len(), 6);
}

#[test]
fn octo_054_recover_no_session() {
    let scratch = Scratch::new();
    crashed(&scratch);
    let orphan = scratch.state_dir().join("conversations/orphan");
    fs::create_dir(&orphan).unwrap();
    fs::copy(file(&scratch, "log.jsonl"), orphan.join("log.jsonl")).unwrap();
    recovered(&scratch, "%2");
    // The end of a session that was never announced adds nothing either.
    let mut window = Window::open(&scratch, Agent::Claude, "%3");
    assert_no_output(&window.hook("SessionEnd", "orphan", &json!({})));
    assert!(!fs::read(orphan.join("log.jsonl")).unwrap().is_empty());
    assert_eq!(fs::read_dir(&orphan).unwrap().count(), 1);
    let listed = scratch.baton(["session", "list", "--all", "--json"]).run().json();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
}

#[test]
fn octo_056_recover_updates_stamp() {
    let scratch = Scratch::new();
    crashed(&scratch);
    let before = scratch.state().sessions()[0].record.clone();
    recovered(&scratch, "%2");
    let after = scratch.state().sessions()[0].record.clone();
    assert!(after.updated.is_after(&before.updated, &after.updated));
    assert_eq!(after.created, before.created);
}

/// A log is found by the whole id, and each line in it names its session.
#[test]
fn octo_057_recover_prefix_steals() {
    let scratch = Scratch::new();
    crashed(&scratch);
    let mut other = begun(&scratch, "s1-and-more", "%2");
    other.turn("s1-and-more", "mine", "and mine");
    assert_no_output(&other.hook("SessionEnd", "s1-and-more", &json!({})));
    let expected = ["prompt: mine", "answer: and mine"];
    assert_eq!(words(&scratch, "s1-and-more"), expected);
    // This is true even if the log is in the other session's place.
    fs::copy(file(&scratch, "log.jsonl"), scratch.state_dir().join("conversations/s1-and-more/log.jsonl")).unwrap();
    let started = other.hook("SessionStart", "s1-and-more", &json!({"source": "resume"}));
    assert!(started.stderr.contains("it was moved to"), "{started:?}");
    assert_eq!(words(&scratch, "s1-and-more"), expected);
    assert_eq!(words(&scratch, "s1").len(), 2);
}

#[test]
fn octo_058_recover_empty_log_stays() {
    let scratch = Scratch::new();
    crashed(&scratch);
    fs::write(file(&scratch, "log.jsonl"), "\n{\"t\":").unwrap();
    let (mut window, started) = next_start(&scratch, "%2");
    assert_one_line(&started, 0);
    assert!(started.stderr.contains("it was moved to"), "{started:?}");
    assert_eq!(log(&scratch), b"");
    assert!(!file(&scratch, "compacting.jsonl").exists());
    assert_no_output(&window.hook("SessionStart", "s1", &json!({"source": "resume", "again": true})));
}

#[test]
fn octo_059_recover_idempotent() {
    let scratch = Scratch::new();
    crashed(&scratch);
    recovered(&scratch, "%2");
    let saved = fs::read(file(&scratch, "saved.jsonl")).unwrap();
    recovered(&scratch, "%3");
    assert_eq!(fs::read(file(&scratch, "saved.jsonl")).unwrap(), saved);
}

#[test]
fn octo_060_recover_crash_after_save() {
    let scratch = Scratch::new();
    crashed(&scratch);
    let old = log(&scratch);
    recovered(&scratch, "%2");
    // This is the state after a crash between compacting and removing the log.
    fs::write(file(&scratch, "compacting.jsonl"), old).unwrap();
    recovered(&scratch, "%3");
    assert_eq!(words(&scratch, "s1"), ["prompt: one", "answer: first"]);
    assert!(!file(&scratch, "compacting.jsonl").exists());
}

#[test]
fn no_temporary_file_of_a_conversation_stays_and_each_is_for_its_user_alone() {
    let scratch = Scratch::new();
    crashed(&scratch);
    recovered(&scratch, "%2");
    for dir in ["sessions", "conversations/s1"] {
        for entry in fs::read_dir(scratch.state_dir().join(dir)).unwrap() {
            let entry = entry.unwrap();
            assert!(entry.path().extension().is_none_or(|ext| ext != "tmp"), "{}", entry.path().display());
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", entry.path().display());
        }
    }
}

#[test]
fn octo_079_go_partial_tail() {
    let scratch = Scratch::new();
    let mut window = begun(&scratch, "s1", "%1");
    window.turn("s1", "one", "first");
    let whole = log(&scratch);
    fs::write(file(&scratch, "log.jsonl"), &whole[..whole.len() - 30]).unwrap();
    assert_eq!(words(&scratch, "s1"), ["prompt: one"]);
    // The next message is not joined to the torn line.
    window.turn("s1", "two", "second");
    let ended = window.hook("SessionEnd", "s1", &json!({}));
    assert!(ended.stderr.contains("it was moved to"), "{ended:?}");
    assert_eq!(words(&scratch, "s1"), ["prompt: one", "prompt: two", "answer: second"]);
}

#[test]
fn octo_080_go_middle_corrupt() {
    let scratch = Scratch::new();
    crashed(&scratch);
    recovered(&scratch, "%2");
    let mut saved = fs::read(file(&scratch, "saved.jsonl")).unwrap();
    let middle = saved.len() / 2;
    saved.splice(middle..middle, *b"\nnot json\n");
    fs::write(file(&scratch, "saved.jsonl"), saved).unwrap();
    let shown = scratch.baton(["session", "show", "s1", "--json"]).run().json();
    assert_eq!(shown["conversation"]["messages"], 2);
    let listed = scratch.baton(["session", "list", "--json"]).run().json();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
}
