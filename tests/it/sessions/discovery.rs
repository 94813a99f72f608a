//! Finds sessions that no hook announced, and loops by their logs, with real processes and locks.

use std::fs;
use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_core::session::Session;
use agent_baton_tests::process::{Launch, Process};
use agent_baton_tests::{Scratch, Window};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::{Value, json};

const A: &str = "11111111-1111-4111-8111-111111111111";
const B: &str = "22222222-2222-4222-8222-222222222222";

fn put(path: PathBuf, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn agent(scratch: &Scratch, comm: &str) -> Process {
    Process::spawn(scratch, &Launch { comm, args: &[], tty: false }, None)
}

/// Writes what Claude writes while a process displays a session.
fn claude_shows(scratch: &Scratch, pid: u32, start: u64, session: &str, more: &Value) {
    let mut file = json!({"pid": pid, "sessionId": session, "cwd": scratch.home().join("work"), "procStart": start.to_string(),
        "kind": "interactive", "entrypoint": "cli", "status": "idle"});
    file.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    put(scratch.home().join(format!(".claude/sessions/{pid}.json")), file.to_string());
}

/// Returns the file that Codex locks while a process has a thread loaded.
fn codex_lock(scratch: &Scratch, session: &str) -> PathBuf {
    let path = scratch.home().join(format!(".codex/thread-writer-locks/{session}.lock"));
    put(path.clone(), "");
    path
}

fn claude_transcript(scratch: &Scratch, session: &str, entrypoint: &str) {
    let lines = [
        json!({"type": "mode", "mode": "normal", "sessionId": session}),
        json!({"type": "user", "isSidechain": false, "entrypoint": entrypoint, "cwd": "/w", "sessionId": session}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    put(scratch.home().join(format!(".claude/projects/-w/{session}.jsonl")), text);
}

fn rollout(source: &Value, thread_source: &str) -> String {
    let meta = json!({"type": "session_meta", "payload": {"cwd": "/w", "source": source, "thread_source": thread_source,
        "base_instructions": {"text": "x".repeat(40_000)}}});
    format!("{meta}\n{}\n", json!({"type": "event_msg", "payload": {}}))
}

fn rollout_path(scratch: &Scratch, session: &str, ending: &str) -> PathBuf {
    scratch.home().join(format!(".codex/sessions/2026/11/21/rollout-2026-11-21T10-00-00-{session}.jsonl{ending}"))
}

fn discover(scratch: &Scratch) -> Value {
    scratch.baton(["session", "discover", "--json"]).run().json()
}

/// Returns the ids that were registered, and whether each is alive.
fn registered(found: &Value) -> Vec<(String, bool)> {
    let entry = |found: &Value| (found["id"].as_str().unwrap().to_owned(), found["live"].as_bool().unwrap());
    let mut all: Vec<_> = found["registered"].as_array().unwrap().iter().map(entry).collect();
    all.sort();
    all
}

fn record(scratch: &Scratch, id: &str) -> Session {
    let sessions = scratch.state().sessions();
    sessions.into_iter().find(|kept| kept.record.id.as_str() == id).unwrap().record
}

#[test]
fn a_session_that_a_claude_process_shows_is_registered_with_its_launch() {
    let scratch = Scratch::new();
    let shown = agent(&scratch, "claude");
    claude_shows(&scratch, shown.pid(), shown.start(), A, &json!({}));
    assert_eq!(registered(&discover(&scratch)), [(A.to_owned(), true)]);
    let session = record(&scratch, A);
    assert_eq!((session.launches[0].process.pid, session.ended, session.headless), (shown.pid(), None, false));
    assert_eq!(session.cwd.as_deref(), scratch.home().join("work").to_str());
    // They are registered by now.
    assert_eq!(registered(&discover(&scratch)), []);
}

#[test]
fn what_a_process_left_behind_registers_nothing_as_alive() {
    let scratch = Scratch::new();
    let mut gone = agent(&scratch, "claude");
    let reused = agent(&scratch, "claude");
    claude_shows(&scratch, gone.pid(), gone.start(), A, &json!({}));
    claude_shows(&scratch, reused.pid(), reused.start() + 1, B, &json!({}));
    gone.kill();
    codex_lock(&scratch, "left");
    assert_eq!(registered(&discover(&scratch)), []);
    // A process of another program, or of another pid namespace, is not an agent's either.
    let other = agent(&scratch, "other");
    claude_shows(&scratch, other.pid(), other.start(), A, &json!({}));
    let contained = agent(&scratch, "claude");
    let elsewhere = json!({"pidDomain": "linux:0:pid:[1]"});
    claude_shows(&scratch, contained.pid(), contained.start(), B, &elsewhere);
    assert_eq!(registered(&discover(&scratch)), []);
}

#[test]
fn a_thread_that_a_codex_process_holds_is_registered_and_over_when_the_lock_goes() {
    let scratch = Scratch::new();
    let mut holder = agent(&scratch, "codex");
    let lock = codex_lock(&scratch, A);
    holder.lock(&lock);
    assert_eq!(registered(&discover(&scratch)), [(A.to_owned(), true)]);
    assert_eq!(record(&scratch, A).launches[0].lock.as_deref(), lock.to_str());
    let live = || scratch.baton(["session", "show", A, "--json"]).run().json()["live"].clone();
    assert_eq!(live(), "yes");
    holder.unlock(&lock);
    assert_eq!(live(), "no");
}

/// A killed daemon leaves its lock file behind, but no process holds the lock.
#[test]
fn the_lock_file_of_a_killed_daemon_shows_no_life() {
    let scratch = Scratch::new();
    let mut daemon = Process::spawn(&scratch, &Launch { comm: "codex", args: &["app-server"], tty: false }, None);
    let lock = codex_lock(&scratch, A);
    daemon.lock(&lock);
    assert_eq!(registered(&discover(&scratch)), [(A.to_owned(), true)]);
    assert!(!record(&scratch, A).launches[0].pane.is_known(), "a daemon's pane is another's");
    daemon.kill();
    assert!(lock.exists());
    assert_eq!(scratch.baton(["session", "show", A, "--json"]).run().json()["live"], "no");
}

#[test]
fn transcripts_are_sessions_that_are_over() {
    let scratch = Scratch::new();
    claude_transcript(&scratch, A, "cli");
    claude_transcript(&scratch, B, "sdk-cli");
    let found = discover(&scratch);
    assert_eq!(registered(&found), [(A.to_owned(), false), (B.to_owned(), false)]);
    assert_eq!(found["partial"], false);
    let (a, b) = (record(&scratch, A), record(&scratch, B));
    assert_eq!((a.headless, b.headless, a.cwd.as_deref()), (false, true, Some("/w")));
    assert!(a.ended.is_some() && a.has_context && a.launches.is_empty());
}

#[test]
fn rollouts_are_read_plain_and_compressed_and_one_thread_is_one() {
    let scratch = Scratch::new();
    let ids = |n: u32| format!("{n:08}-1111-4111-8111-111111111111");
    let plain = rollout(&json!("cli"), "user");
    let packed = compress_to_vec(rollout(&json!("exec"), "user").as_bytes(), CompressionLevel::Fastest);
    put(rollout_path(&scratch, &ids(1), ""), &plain);
    put(rollout_path(&scratch, &ids(2), ".zst"), &packed);
    put(rollout_path(&scratch, &ids(3), ""), &plain);
    put(rollout_path(&scratch, &ids(3), ".zst"), &packed);
    // A thread of another thread is not a session, and neither is a file that cannot be read.
    put(rollout_path(&scratch, &ids(4), ""), rollout(&json!({"subagent": {"thread_spawn": {}}}), "subagent"));
    put(rollout_path(&scratch, &ids(5), ".zst"), "no zstd at all");
    put(rollout_path(&scratch, &ids(6), ""), "{\"type\":\"session_meta\",\"payload\":{\"cwd\":");
    put(rollout_path(&scratch, "short", ""), &plain);
    let found = registered(&discover(&scratch));
    assert_eq!(found, [1, 2, 3].map(|n| (ids(n), false)));
    assert!(record(&scratch, &ids(2)).headless);
    assert!(!record(&scratch, &ids(3)).headless, "the plain one is the one in use");
}

/// A head that is cut off says nothing of its session, and is not one that has nothing to say.
#[test]
fn a_long_head_is_read_and_a_cut_one_is_told() {
    let picture = |size: usize| "A".repeat(size);
    let claude = |more: Value, size: usize| {
        let mut line = json!({"type": "user", "message": {"content": picture(size)}, "cwd": "/w"});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let first = json!({"type": "mode", "mode": "normal"});
        format!("{first}\n{line}\n")
    };
    let codex = |more: &Value, size: usize| rollout(more, "user").replacen("xxx", &picture(size), 1);
    let subagent = json!({"subagent": {"other": "\u{1f600}"}});
    let claude_path = |scratch: &Scratch| scratch.home().join(format!(".claude/projects/-w/{A}.jsonl"));
    let codex_path = |scratch: &Scratch| rollout_path(scratch, A, "");
    type Case<'a> = (&'a str, &'a dyn Fn(&Scratch) -> PathBuf, Vec<u8>, Option<&'a str>, bool);
    let cases: Vec<Case<'_>> = vec![
        ("a picture", &claude_path, claude(json!({}), 3_000_000).into(), Some("/w"), false),
        ("a subagent's picture", &claude_path, claude(json!({"isSidechain": true}), 3_000_000).into(), None, false),
        ("more than is read", &claude_path, claude(json!({}), 17_000_000).into(), None, true),
        ("cut within the line", &claude_path, claude(json!({}), 300_000)[..200_000].into(), None, true),
        (
            "an odd entrypoint",
            &claude_path,
            claude(json!({"entrypoint": 7, "isSidechain": null}), 1).into(),
            Some("/w"),
            false,
        ),
        (
            "half a pair in the entrypoint",
            &claude_path,
            claude(json!({"entrypoint": "MARK"}), 1).replace("MARK", "\\ud83d").into(),
            Some("/w"),
            false,
        ),
        ("damaged", &claude_path, b"{{{\n".to_vec(), None, true),
        ("long instructions", &codex_path, codex(&json!("cli"), 3_000_000).into(), Some("/w"), false),
        ("long instructions of a subagent", &codex_path, codex(&subagent, 3_000_000).into(), None, false),
        ("more than is read", &codex_path, codex(&json!("cli"), 17_000_000).into(), None, true),
        ("cut within the line", &codex_path, codex(&json!("cli"), 300_000)[..200_000].into(), None, true),
        (
            "half a pair in a subagent's name",
            &codex_path,
            codex(&subagent, 1).replace('\u{1f600}', "\\ud83d").into(),
            None,
            false,
        ),
        ("another kind of file", &codex_path, b"{\"type\":\"other\"}\n".to_vec(), None, false),
    ];
    for (what, path, text, cwd, partial) in cases {
        let scratch = Scratch::new();
        let path = path(&scratch);
        put(path.clone(), text);
        let found = discover(&scratch);
        let sessions = scratch.state().sessions();
        let cwds: Vec<_> = sessions.iter().map(|kept| kept.record.cwd.as_deref()).collect();
        let expected: Vec<_> = cwd.map(Some).into_iter().collect();
        assert_eq!((cwds, &found["partial"]), (expected, &json!(partial)), "{what}: {}", path.display());
    }
}

#[test]
fn a_transcript_of_a_session_that_may_be_shown_is_not_called_over() {
    let scratch = Scratch::new();
    claude_transcript(&scratch, A, "cli");
    let broken = scratch.home().join(".claude/sessions/7.json");
    put(broken.clone(), "{");
    let found = discover(&scratch);
    assert_eq!((registered(&found), &found["partial"]), (vec![], &json!(true)));
    fs::remove_file(broken).unwrap();
    assert_eq!(registered(&discover(&scratch)), [(A.to_owned(), false)]);
}

/// Claude's file stays behind after a SIGKILL. The session has ended nevertheless, and its transcript is found.
#[test]
fn a_session_whose_process_was_killed_is_found_by_its_transcript() {
    let scratch = Scratch::new();
    let mut killed = agent(&scratch, "claude");
    claude_shows(&scratch, killed.pid(), killed.start(), A, &json!({}));
    claude_transcript(&scratch, A, "cli");
    killed.kill();
    assert_eq!(registered(&discover(&scratch)), [(A.to_owned(), false)]);
    // Its pid belongs to another process by now.
    let other = agent(&scratch, "claude");
    claude_shows(&scratch, other.pid(), other.start() + 1, B, &json!({}));
    claude_transcript(&scratch, B, "cli");
    assert_eq!(registered(&discover(&scratch)), [(B.to_owned(), false)]);
}

#[test]
fn a_session_that_was_found_over_is_alive_once_a_process_shows_it() {
    let scratch = Scratch::new();
    claude_transcript(&scratch, A, "cli");
    discover(&scratch);
    let shown = agent(&scratch, "claude");
    claude_shows(&scratch, shown.pid(), shown.start(), A, &json!({}));
    assert_eq!(registered(&discover(&scratch)), [(A.to_owned(), true)]);
    let session = record(&scratch, A);
    assert_eq!((session.ended, session.launches.len()), (None, 1));
}

#[test]
fn an_announced_session_is_left_to_its_events_and_a_deleted_one_stays_deleted() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    window.hook("SessionStart", A, &json!({}));
    let (pid, start) = (window.process.pid(), window.process.start());
    claude_shows(&scratch, pid, start, A, &json!({}));
    let before = scratch.state();
    assert_eq!(registered(&discover(&scratch)), []);
    assert_eq!(scratch.state().sessions(), before.sessions());
    window.process.kill();
    assert_eq!(scratch.baton(["session", "delete", A]).run().code, Some(0));
    fs::remove_file(scratch.home().join(format!(".claude/sessions/{pid}.json"))).unwrap();
    claude_transcript(&scratch, A, "cli");
    assert_eq!(registered(&discover(&scratch)), []);
}

/// The start of one session registers another one that has run for a while and that no hook announced.
#[test]
fn a_start_takes_up_what_no_hook_announced_and_leaves_what_just_began() {
    let scratch = Scratch::new();
    let young = agent(&scratch, "claude");
    claude_shows(&scratch, young.pid(), young.start(), A, &json!({}));
    // The test's own process is old enough only by chance, and pid 1 is not an agent.
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let started = window.hook("SessionStart", B, &json!({}));
    assert_eq!((started.code, started.stderr.as_str()), (Some(0), ""));
    let ids: Vec<String> = scratch.state().sessions().iter().map(|kept| kept.record.id.to_string()).collect();
    assert_eq!(ids, [B], "what began a moment ago is about to be announced");
}
