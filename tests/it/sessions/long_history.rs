//! Lists and checks beside a long history, which they must not read as a whole.

use std::fs;

use agent_baton_core::agent::Agent;
use agent_baton_tests::conversation::keep;
use agent_baton_tests::history::{self, run_id, session_id};
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

/// More sessions than `doctor` reads of an archive.
const SESSIONS: usize = 1_100;

fn json(scratch: &Scratch, words: &str) -> Value {
    scratch.baton(words.split(' ')).run().json()
}

#[test]
fn runs_are_listed_page_by_page_newest_first() {
    let scratch = Scratch::new();
    let _window = Window::open_owner(&scratch, Agent::Claude, "%1");
    history::fill(&scratch, "s1", 200);
    let runs = 200 / history::SESSIONS_PER_RUN;
    let (mut listed, mut words) = (Vec::new(), "run list --all --limit 7 --json".to_owned());
    loop {
        let page = json(&scratch, &words);
        listed.extend(page["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        words = format!("run list --all --limit 7 --json --cursor {next}");
    }
    // The unfinished run is the newest.
    assert_eq!(listed[1..], (0..runs).map(run_id).collect::<Vec<_>>());
    assert_eq!(json(&scratch, "run list --json")["runs"].as_array().unwrap().len(), 1);
    assert_eq!(json(&scratch, &format!("run show {} --json", &run_id(5)[..9]))["id"], json!(run_id(5)));
}

#[test]
fn of_a_long_archive_doctor_checks_a_part_unless_it_is_asked_for_all() {
    let scratch = Scratch::new();
    let _window = Window::open_owner(&scratch, Agent::Claude, "%1");
    history::fill(&scratch, "s1", SESSIONS);
    let archived = |n: usize| scratch.state_dir().join(format!("archive/sessions/{}.json", session_id(n)));
    let check = |words: &str, expected: &[usize]| {
        let told = scratch.baton(words.split(' ')).run().stdout;
        let named: Vec<usize> = (0..SESSIONS).filter(|n| told.contains(&session_id(*n))).collect();
        assert_eq!(named, expected, "{words}: {told}");
        assert_eq!(told.contains("add --all"), words == "doctor" && expected.is_empty(), "{words}: {told}");
    };
    check("doctor", &[]);
    // The newest is read again. The oldest was whole when the catalogue read it.
    fs::write(archived(0), "{").unwrap();
    fs::write(archived(SESSIONS - 1), "{").unwrap();
    check("doctor", &[0]);
    check("doctor --all", &[0, SESSIONS - 1]);
    // A list that could not read a record remembers it.
    fs::remove_dir_all(scratch.state_dir().join("cache")).unwrap();
    check("doctor", &[0, SESSIONS - 1]);
}

#[test]
fn gc_finds_what_expired_in_a_long_archive() {
    let scratch = Scratch::new();
    let _window = Window::open_owner(&scratch, Agent::Claude, "%1");
    history::fill(&scratch, "s1", SESSIONS);
    let dry = json(&scratch, "gc --dry-run --json");
    let steps = dry["steps"].as_array().unwrap();
    let mut expired: Vec<&str> = steps.iter().map(|step| step["session"].as_str().unwrap()).collect();
    expired.sort_unstable();
    let mut expected: Vec<String> = (SESSIONS - history::EXPIRED..SESSIONS).map(session_id).collect();
    expected.sort_unstable();
    assert_eq!(expired, expected);
    assert_eq!(json(&scratch, "gc --json")["done"], json!(history::EXPIRED));
    assert_eq!(json(&scratch, "gc --json")["steps"], json!([]));
}

#[test]
fn a_text_is_found_in_titles_and_in_kept_messages() {
    let scratch = Scratch::new();
    keep(&scratch, "all");
    let transcript = scratch.home().join("transcript.jsonl");
    fs::write(&transcript, "{\"type\":\"ai-title\",\"aiTitle\":\"Fix the Lexer\"}\n").unwrap();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    for (session, prompt, fields) in
        [("s1", "Why is the sky blue?", json!({})), ("s2", "words", json!({"transcript_path": transcript}))]
    {
        let ended = window.hook("SessionStart", session, &fields);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let mut fields = fields;
        fields["prompt"] = json!(prompt);
        assert_eq!(window.hook("UserPromptSubmit", session, &fields).code, Some(0));
    }
    for (text, expected) in
        [("sky", "s1"), ("is THE", "s1"), ("ky bl", "s1"), ("lexer", "s2"), ("s2", "s2"), ("parser", "")]
    {
        let found = scratch.baton(["session", "list", "--all", "--json", "--text", text]).run().json();
        let ids: Vec<&str> =
            found["sessions"].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap()).collect();
        assert_eq!(ids.join(" "), expected, "{text}");
    }
    // Nothing of it is in the catalogue.
    let cache = scratch.state().files.into_iter().filter(|(path, _)| path.starts_with("cache"));
    for (path, bytes) in cache {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        assert!(!text.contains("lexer") && !text.contains("blue"), "{}", path.display());
    }
}
