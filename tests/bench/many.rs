//! Measures commands on many sessions, and on many loops.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use agent_baton_core::agent::Agent;
use agent_baton_tests::process::start_of;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

use crate::measure::{self, Measured};
use crate::pairs;

/// The number of sessions or logs.
const MANY: usize = 10_000;

/// The prefix of the id of a session in the middle.
pub const PREFIX: &str = "session-05000";

/// The number of live agents beside them.
const ALIVE: usize = 6;

/// Creates a state with that many sessions in the archive and some live ones, and returns the windows of those.
fn filled(scratch: &Scratch) -> Vec<Window<'_>> {
    let mut windows: Vec<Window<'_>> =
        (0..ALIVE).map(|n| Window::open(scratch, Agent::Claude, &format!("%{n}"))).collect();
    for (n, window) in windows.iter_mut().enumerate() {
        for (event, fields) in
            [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"})), ("Stop", json!({}))]
        {
            let ended = window.hook(event, &format!("alive-{n}"), &fields);
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        }
    }
    let state = scratch.state_dir();
    let mut record: Value = serde_json::from_slice(&fs::read(state.join("sessions/alive-0.json")).unwrap()).unwrap();
    let started = record["created"]["unix_ms"].as_u64().unwrap();
    for n in 0..MANY {
        let id = format!("session-{n:05}-0b8f9c4e5a1d4f579a533a5f");
        let at = json!({"unix_ms": started - 60_000 * (1 + n as u64), "boot": record["created"]["boot"], "boot_ms": 1});
        record["id"] = json!(id);
        record["created"] = at.clone();
        record["launches"][0]["started"] = at.clone();
        record["launches"][0]["ended"] = json!({"at": at, "reason": "ended"});
        record["ended"] = record["launches"][0]["ended"].clone();
        fs::write(state.join(format!("archive/sessions/{id}.json")), record.to_string()).unwrap();
    }
    // The next holder of the lock rebuilds the index.
    fs::remove_file(state.join("index/complete")).unwrap();
    let ended = windows[0].hook("SessionStart", "alive-0", &json!({"source": "resume"}));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    windows
}

/// Measures a call of `baton` beside [`MANY`] sessions in an archive that has not changed for a while.
pub fn call(name: &'static str, args: &[&str], rounds: usize) -> Measured {
    let scratch = Scratch::new();
    let mut windows = filled(&scratch);
    let archive = scratch.state_dir().join("archive/sessions");
    let changed = || fs::metadata(&archive).unwrap().modified().unwrap();
    while changed().elapsed().is_ok_and(|since| since < Duration::from_secs(3)) {
        std::thread::sleep(Duration::from_millis(100));
    }
    repeated(name, args, rounds, &scratch, &mut windows[0], |_| ())
}

/// Like [`call`], but the archive changes before each call.
pub fn call_after_change(name: &'static str, args: &[&str], rounds: usize) -> Measured {
    let scratch = Scratch::new();
    let mut windows = filled(&scratch);
    let archive = scratch.state_dir().join("archive/sessions");
    repeated(name, args, rounds, &scratch, &mut windows[0], |_| {
        fs::write(archive.join("new"), "").and_then(|()| fs::remove_file(archive.join("new"))).unwrap();
    })
}

/// Measures the call, with `before` called before each round.
fn repeated(
    name: &'static str,
    args: &[&str],
    rounds: usize,
    scratch: &Scratch,
    window: &mut Window<'_>,
    mut before: impl FnMut(usize),
) -> Measured {
    let run = {
        let program = agent_baton_tests::program::baton().to_str().unwrap();
        let argv = std::iter::once(program).chain(args.iter().copied()).map(str::to_owned).collect();
        window.below("alive-0", argv, String::new())
    };
    let mut measured = Measured::new(name);
    for round in 0..rounds + pairs::WARM_UP {
        before(round);
        measured.pair(round, &mut window.process, &run);
    }
    before(0);
    measured.peak_kib = measure::peak_kib(scratch, &mut window.process, run.clone());
    before(0);
    measured.instructions = measure::instructions(&mut window.process, run);
    measured
}

/// The number of live sessions, each with a process of its own.
pub const LIVING: usize = 1_000;

/// Processes that are killed when dropped.
pub struct Living(Vec<Child>);

impl Living {
    /// Adds [`LIVING`] sessions like one that is there, each with a process and a pane of its own.
    pub fn add(scratch: &Scratch, like: &str) -> Self {
        let state = scratch.state_dir();
        let sleeper = || Command::new("/bin/sleep").arg("100000").stdout(Stdio::null()).spawn().expect("sleep");
        let living = Self((0..LIVING).map(|_| sleeper()).collect());
        let program = fs::metadata("/bin/sleep").expect("sleep");
        let file = format!("{:x}:{}", program.dev(), program.ino());
        let like = fs::read(state.join(format!("sessions/{like}.json"))).expect("a session");
        let mut record: Value = serde_json::from_slice(&like).expect("a record");
        record["runs"] = json!([]);
        for child in &living.0 {
            let id = format!("living-{}", child.id());
            record["id"] = json!(id);
            record["launches"][0]["process"]["pid"] = json!(child.id());
            record["launches"][0]["process"]["start"] = json!(start_of(child.id()).expect("a child"));
            record["launches"][0]["program"] = json!({"name": "sleep", "file": file});
            record["launches"][0]["pane"]["pane"] = json!(format!("%{}", child.id()));
            fs::write(state.join(format!("sessions/{id}.json")), record.to_string()).expect("a record");
        }
        living
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        for child in &mut self.0 {
            child.kill().and_then(|()| child.wait()).expect("a child of this process");
        }
    }
}

/// Checks that this many sessions are alive. Those that are lost cost less.
pub fn assert_alive(scratch: &Scratch, count: usize) {
    let said = scratch.baton(["status", "--json"]).run().json();
    assert_eq!(said["alive"].as_array().expect("a list").len(), count, "each was to be judged");
}

/// Measures `status --line`, which judges each of [`LIVING`] sessions.
pub fn living(name: &'static str, rounds: usize) -> Measured {
    let scratch = Scratch::new();
    let mut windows = filled(&scratch);
    let _living = Living::add(&scratch, "alive-0");
    fs::remove_file(scratch.state_dir().join("index/complete")).unwrap();
    let ended = windows[1].hook("SessionStart", "alive-1", &json!({"source": "resume"}));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert_alive(&scratch, LIVING + ALIVE);
    repeated(name, &["status", "--line"], rounds, &scratch, &mut windows[0], |_| ())
}

/// The size of a log, in bytes.
const LOG_SIZE: usize = 20_000;

/// Measures the search for the loops of [`MANY`] logs. With `cold`, none of them was seen before.
pub fn loops(name: &'static str, cold: bool, rounds: usize) -> Measured {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let root = write_logs(&scratch);
    let root = root.to_str().unwrap();
    let args = ["session", "discover", root, "--json"];
    let found = scratch.baton(args).run().json();
    assert_eq!(found["loops"].as_array().unwrap().len(), MANY);
    let cache = scratch.state_dir().join("cache");
    repeated(name, &args, rounds, &scratch, &mut window, |_| {
        if cold {
            fs::remove_dir_all(&cache).unwrap();
        }
    })
}

/// Writes [`MANY`] logs of ended loops, and returns the directory above them.
pub fn write_logs(scratch: &Scratch) -> PathBuf {
    let root = scratch.home().join("logs");
    for n in 0..MANY {
        let dir = root.join(format!("project-{:03}/.ralphex/progress", n / 100));
        fs::create_dir_all(&dir).expect("a directory");
        let mut file = fs::File::create(dir.join(format!("progress-{n:05}.txt"))).expect("a log");
        file.write_all(log(n).as_bytes()).expect("a log");
        // A log that was written just now is looked at more often.
        file.set_modified(SystemTime::now() - Duration::from_secs(30 * 86_400)).expect("a time");
    }
    root
}

fn log(n: usize) -> String {
    let dashes = "-".repeat(60);
    let mut log = format!(
        "# Ralphex Progress Log\nPlan: plan-{n}.md\nBranch: main\nMode: full\nStarted: 2026-04-05 08:00:00\n{dashes}\n\n"
    );
    while log.len() < LOG_SIZE {
        log.push_str("[26-04-05 08:00:01] the tests of the parser pass, and its errors name the line\n");
    }
    log.push_str(&format!("{dashes}\nCompleted: 2026-04-05 09:00:00 (1h0m0s)\n"));
    log
}
