//! Lessons from octo and ralphex about finding and listing sessions, tested with the built program, each under its id
//! of `docs/PEERS.md`.

use std::fs;

use agent_baton_core::agent::Agent;
use agent_baton_tests::process::next_clock_tick;
use agent_baton_tests::scratch::Output;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

/// Creates a state with these sessions, opened one after the other, each by a process that displays all of them.
fn with(ids: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    for id in ids {
        assert_no_output(&window.hook("SessionStart", id, &json!({})));
        assert_no_output(&window.hook("UserPromptSubmit", id, &json!({"prompt": "words"})));
        next_clock_tick();
    }
    scratch
}

fn show(scratch: &Scratch, text: &str) -> Output {
    scratch.baton(["session", "show", text, "--json"]).run()
}

/// Checks which session a text identifies.
fn finds(scratch: &Scratch, text: &str, id: &str) {
    assert_eq!(show(scratch, text).json()["id"], id, "{text}");
}

/// Checks that a text identifies no session, and which candidates are listed.
fn names_none(scratch: &Scratch, text: &str, candidates: &[&str]) {
    let output = show(scratch, text);
    assert_eq!((output.code, output.stdout.as_str()), (Some(4), ""), "{text}: {output:?}");
    for id in candidates {
        assert!(output.stderr.contains(id), "{text}: {output:?}");
    }
}

fn listed(scratch: &Scratch, words: &str) -> (Vec<String>, String) {
    let output = scratch.baton(["session", "list", "--json"].into_iter().chain(words.split_whitespace())).run();
    let sessions = output.json();
    let ids = sessions["sessions"].as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap().to_owned());
    (ids.collect(), output.stderr)
}

#[test]
fn octo_003_filename_short_id() {
    let scratch = with(&["run-1"]);
    assert!(scratch.state_dir().join("sessions/run-1.json").exists());
    finds(&scratch, "run-1", "run-1");
}

/// A session that is written again keeps its file, which is complete.
#[test]
fn octo_006_save_overwrites() {
    let scratch = with(&["00aa11bb22cc33dd"]);
    assert_eq!(scratch.baton(["session", "name", "00aa", "first"]).run().code, Some(0));
    assert_eq!(scratch.baton(["session", "name", "00aa", "second"]).run().code, Some(0));
    let sessions = scratch.state().sessions();
    assert_eq!((sessions.len(), sessions[0].record.name.as_ref().unwrap().as_str()), (1, "second"));
}

/// Better: a record has the whole id, so two ids with the same prefix are two records.
#[test]
fn octo_007_save_collision() {
    let scratch = with(&["abcd0001aaaa", "abcd0001bbbb"]);
    finds(&scratch, "abcd0001a", "abcd0001aaaa");
    finds(&scratch, "abcd0001b", "abcd0001bbbb");
}

#[test]
fn octo_010_load_exact() {
    finds(&with(&["00aa11bb22cc33dd"]), "00aa11bb22cc33dd", "00aa11bb22cc33dd");
}

#[test]
fn octo_011_load_prefix() {
    finds(&with(&["feedface00112233", "00aa11bb"]), "feedface", "feedface00112233");
}

/// Better: the candidates are listed, and none is chosen. Digits are the prefix of an id, never a position in a list.
#[test]
fn octo_013_load_ambiguous_newest() {
    let scratch = with(&["abcd0001aaaa0000", "abcd0002bbbb0000", "1ffff"]);
    names_none(&scratch, "abcd", &["abcd0001aaaa0000", "abcd0002bbbb0000"]);
    finds(&scratch, "1", "1ffff");
    names_none(&scratch, "2", &[]);
}

/// Better: the empty text identifies nothing.
#[test]
fn octo_014_load_empty_prefix() {
    names_none(&with(&["abcd0001aaaa0000"]), "", &[]);
}

#[test]
fn octo_021_list_limit() {
    assert_eq!(listed(&with(&["a1", "b2"]), "--limit 1").0, ["b2"]);
}

/// Changed: a list is sorted by time alone, wherever it is requested. `--here` selects one project's sessions.
#[test]
fn octo_022_list_current_dir_first() {
    let scratch = Scratch::new();
    let other = scratch.home().join("other");
    fs::create_dir(&other).unwrap();
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    for (id, fields) in [("a1", json!({})), ("c3", json!({})), ("b2", json!({"cwd": other}))] {
        assert_no_output(&window.hook("SessionStart", id, &fields));
        next_clock_tick();
    }
    assert_eq!(listed(&scratch, "").0, ["b2", "c3", "a1"]);
    assert_eq!(listed(&scratch, "--here").0, ["c3", "a1"]);
}

/// Better: a directory without sessions has none, and no other directory's are listed instead.
#[test]
fn octo_024_latest_for_unknown_dir() {
    let scratch = with(&["a1"]);
    let nowhere = scratch.home().join("nowhere");
    fs::create_dir(&nowhere).unwrap();
    for words in [&["session", "show", "--here"][..], &["session", "show", "last", "--here"], &["go", "--here"]] {
        let output = scratch.baton(words.iter().copied()).cwd(&nowhere).run();
        assert_eq!((output.code, output.stdout.as_str()), (Some(4), ""), "{output:?}");
    }
    assert_eq!(scratch.baton(["session", "show", "--here", "--json"]).run().json()["id"], "a1");
}

/// Only the record that cannot be read is left out. It is reported, while octo is silent.
#[test]
fn octo_027_list_broken_json_skipped() {
    let scratch = with(&["a1"]);
    for (name, text) in [("bad", "{\"id\": \"x\""), ("empty", ""), ("null", "null")] {
        fs::write(scratch.state_dir().join(format!("sessions/{name}.json")), text).unwrap();
    }
    let (ids, said) = listed(&scratch, "");
    assert_eq!(ids, ["a1"]);
    assert!(["bad", "empty", "null"].iter().all(|name| said.contains(name)), "{said}");
    let table = scratch.baton(["session", "list"]).run().stdout;
    assert_eq!(table.matches("unreadable").count(), 3, "{table}");
}

/// Better: a list in the place of a record stops nothing.
#[test]
fn octo_028_list_array_file_breaks_all() {
    let scratch = with(&["a1"]);
    fs::write(scratch.state_dir().join("sessions/list.json"), "[{\"id\": \"q\"}]").unwrap();
    assert_eq!(listed(&scratch, "").0, ["a1"]);
    finds(&scratch, "a", "a1");
    finds(&scratch, "last", "a1");
}

/// Better: a time of another type makes one record unreadable, and not the whole list.
#[test]
fn octo_029_list_numeric_created_breaks_all() {
    let scratch = with(&["a1", "n1"]);
    let path = scratch.state_dir().join("sessions/n1.json");
    let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record["created"] = json!(5);
    fs::write(&path, record.to_string()).unwrap();
    let (ids, said) = listed(&scratch, "");
    assert_eq!(ids, ["a1"]);
    assert!(said.contains("n1"), "{said}");
}

#[test]
fn octo_075_go_resolve_ambiguous() {
    names_none(&with(&["aaaa1111", "aaaa2222"]), "aaaa", &["aaaa1111", "aaaa2222"]);
}

#[test]
fn octo_078_go_resolve_last() {
    let scratch = with(&["bbbb", "aaaa"]);
    finds(&scratch, "last", "aaaa");
    let mut window = Window::open(&scratch, Agent::Codex, "%2");
    assert_no_output(&window.hook("SessionStart", "bbbb", &json!({"source": "resume"})));
    finds(&scratch, "last", "bbbb");
}

#[test]
fn ralphex_014_get_missing() {
    let scratch = with(&["a1"]);
    names_none(&scratch, "zz", &[]);
    assert_eq!(show(&Scratch::new(), "zz").code, Some(4));
}

/// A session that is announced again is the known one: its creation time, project, name and pin stay.
#[test]
fn ralphex_018_register_no_overwrite() {
    let scratch = with(&["a1"]);
    assert_eq!(scratch.baton(["session", "pin", "a1"]).run().code, Some(0));
    let before = show(&scratch, "a1").json();
    let mut window = Window::open(&scratch, Agent::Codex, "%2");
    assert_no_output(&window.hook("SessionStart", "a1", &json!({"source": "startup", "cwd": "/"})));
    let after = show(&scratch, "a1").json();
    for field in ["created_at", "project", "pinned"] {
        assert_eq!(after[field], before[field], "{field}");
    }
}
