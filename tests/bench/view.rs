//! Measures the live view of a large state: how soon it shows something, how soon a change is seen, and what it costs
//! while nothing changes.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_tests::terminal::Terminal;
use agent_baton_tests::view_server::{ViewServer, status};
use agent_baton_tests::{Scratch, Window, history};
use serde_json::{Value, json};

use crate::many::{LIVING, Living, assert_alive, write_logs};

/// The number of archived sessions, unless told.
pub const ARCHIVED: usize = 1_000_000;

/// The session that changes. Its pane is shown nowhere else.
const SESSION: &str = "changes";

/// How long the view is left alone for its cost to be measured.
const IDLE: Duration = Duration::from_secs(60);

/// What is measured of one face.
pub struct Face {
    /// Its name.
    pub name: &'static str,
    /// The times from its start until it shows the state, in nanoseconds.
    pub first_ns: Vec<u64>,
    /// The times from the start of a hook until its change is shown, in nanoseconds.
    pub change_ns: Vec<u64>,
    /// The share of one core that it uses while nothing changes, in thousandths.
    pub idle_permille: u64,
    /// The largest resident set, in KiB.
    pub peak_kib: u64,
}

/// A change of the session: the event, and the word for the status to which it leads.
const CHANGES: [(&str, &str); 2] = [("UserPromptSubmit", "active"), ("Stop", "idle")];

/// Measures both faces, on one state with that many archived sessions.
pub fn measure(rounds: usize, archived: usize) -> Vec<Face> {
    let scratch = Scratch::on_disk().expect("a disk");
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    for (event, fields) in [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"}))] {
        crate::hook_of(&mut window, event, SESSION, &fields);
    }
    assert_eq!(window.baton(SESSION, &["run", "start", "alive"]).code, Some(0));
    history::fill(&scratch, SESSION, archived);
    let _living = Living::add(&scratch, SESSION);
    write_transcripts(&scratch);
    fs::remove_file(scratch.state_dir().join("index/complete")).expect("the index");
    // A command has the time to make the index anew, and an event has not.
    assert_eq!(scratch.baton(["session", "pin", SESSION]).run().code, Some(0));
    assert!(!scratch.has_inbox());
    assert_eq!(scratch.baton(["session", "list"]).run().code, Some(0));
    assert_alive(&scratch, LIVING + 1);
    let config = scratch.home().join(".config/baton");
    fs::create_dir_all(&config).expect("a directory");
    fs::write(config.join("config.toml"), format!("[view]\nwatch = [{:?}]\n", write_logs(&scratch))).expect("a file");
    vec![served(&scratch, &mut window, rounds), drawn(&scratch, &mut window, rounds)]
}

/// Gives each living session a transcript of some 100 KB.
fn write_transcripts(scratch: &Scratch) {
    let dir = scratch.home().join(".claude/projects/-work");
    fs::create_dir_all(&dir).expect("a directory");
    for entry in fs::read_dir(scratch.state_dir().join("sessions")).expect("a directory") {
        let path = entry.expect("an entry").path();
        let mut record: Value = serde_json::from_slice(&fs::read(&path).expect("a record")).expect("a record");
        let Some(id) = record["id"].as_str().filter(|id| id.starts_with("living-")) else { continue };
        let transcript = dir.join(format!("{id}.jsonl"));
        fs::write(&transcript, transcript_of(id)).expect("a transcript");
        record["transcript"] = json!(transcript);
        fs::write(&path, record.to_string()).expect("a record");
    }
}

fn transcript_of(id: &str) -> String {
    let line = |kind: &str, content: &Value| json!({"type": kind, "sessionId": id, "message": {"role": kind, "content": content}});
    let words = "the tests of the parser pass, and its errors name the line. ".repeat(16);
    let turn = format!(
        "{}\n{}\n",
        line("user", &json!("go on with the parser")),
        line("assistant", &json!([{"type": "text", "text": words}]))
    );
    turn.repeat(80)
}

/// Plays the changes in turn, and returns how long each took until `seen` had seen the status.
fn changes(window: &mut Window<'_>, rounds: usize, mut seen: impl FnMut(&str)) -> Vec<u64> {
    let mut change = |number: usize| {
        let (event, status) = CHANGES[number % 2];
        let fields =
            json!({"prompt": format!("prompt {number}"), "last_assistant_message": format!("answer {number}")});
        let begin = Instant::now();
        crate::hook_of(window, event, SESSION, &fields);
        seen(status);
        nanoseconds(begin)
    };
    // The first two tell what the status is.
    (0..rounds + 2).map(&mut change).skip(2).collect()
}

fn served(scratch: &Scratch, window: &mut Window<'_>, rounds: usize) -> Face {
    let first = || {
        let begin = Instant::now();
        let server = ViewServer::start(scratch, &[]);
        for path in ["/", "/view.js", "/view.css"] {
            assert_eq!(status(&server.get(path)), 200);
        }
        let (_, _, picture) = server.events(None).read();
        assert!(picture["items"].as_array().expect("items").len() > LIVING);
        nanoseconds(begin)
    };
    let first_ns = (0..rounds).map(|_| first()).collect();
    let server = ViewServer::start(scratch, &[]);
    let mut events = server.events(None);
    events.read();
    let change_ns = changes(window, rounds, |status| drop(events.wait_for(status)));
    let idle_permille = idle_permille(server.pid());
    Face { name: "`baton serve`", first_ns, change_ns, idle_permille, peak_kib: peak_kib(server.pid()) }
}

fn drawn(scratch: &Scratch, window: &mut Window<'_>, rounds: usize) -> Face {
    let terminal = Terminal::open(scratch, 80, 24).expect("tmux");
    let first = || {
        let begin = Instant::now();
        terminal.show();
        let first = nanoseconds(begin);
        terminal.keys(&["q"]);
        terminal.wait_for_shell();
        first
    };
    let first_ns = (0..rounds).map(|_| first()).collect();
    terminal.show();
    let pid = terminal.child();
    terminal.keys(&["/"]);
    terminal.keys(&["-l", SESSION]);
    terminal.keys(&["Enter"]);
    // Before that, the screen has the word of another session.
    terminal.wait("the filter", |screen| screen.contains("Esc shows everything"));
    let change_ns = changes(window, rounds, |status| {
        terminal.wait(status, |screen| screen.contains(status));
    });
    Face { name: "`baton top`", first_ns, change_ns, idle_permille: idle_permille(pid), peak_kib: peak_kib(pid) }
}

fn nanoseconds(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the share of one core that a process uses in [`IDLE`], in thousandths.
fn idle_permille(pid: u32) -> u64 {
    // What the last change led to is not counted.
    thread::sleep(Duration::from_secs(3));
    let (ticks, begin) = (cpu_ticks(pid), Instant::now());
    thread::sleep(IDLE);
    // A tick is ten milliseconds.
    (cpu_ticks(pid) - ticks) * 10_000_000_000 / nanoseconds(begin)
}

/// Returns the processor time of a process and its children, in ticks.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    // Behind the name come the state, ten more fields, and the four times.
    fields.skip(11).take(4).map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
}

fn peak_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
