//! SIGKILL of the view and of hooks, again and again and at any moment: the state is right, the catalogue too or is made
//! anew, no temporary file stays, and nothing else is touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use agent_baton_core::agent::Agent;
use agent_baton_tests::effort::Effort;
use agent_baton_tests::rng::rng;
use agent_baton_tests::view_server::ViewServer;
use agent_baton_tests::{Scratch, Window, history, program};
use serde_json::{Value, json};

/// More sessions than are kept in memory, so that the catalogue is written to its file.
const SESSIONS: usize = 300;

/// Within how many microseconds the view is killed: while it starts, reads, writes the catalogue or follows.
const VIEW_MICROS: u64 = 200_000;

/// Within how many milliseconds a hook is killed.
const HOOK_MILLIS: u64 = 60;

/// Returns every file below a directory but those below `without`.
fn files(dir: &Path, without: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut left = vec![dir.to_owned()];
    while let Some(dir) = left.pop() {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path != without && path.is_dir() {
                left.push(path.clone());
            }
            found.insert(path);
        }
    }
    found
}

/// Sends an event to a hook that is killed soon.
fn killed_hook(window: &mut Window<'_>, event: &str, session: &str, millis: u64) {
    let payload = window.payload(event, session, &json!({"prompt": "words"})).to_string();
    let limit = format!("0.{millis:03}");
    let baton = program::baton().to_str().unwrap();
    let argv = ["timeout", "-s", "KILL", &limit, baton, "hook", "--agent", "claude"].map(str::to_owned).into();
    let run = window.below(session, argv, payload);
    window.process.run(run);
}

fn list(scratch: &Scratch) -> Value {
    scratch.baton(["session", "list", "--all", "--json", "--limit", "1000"]).run().json()
}

/// Returns the keys of what a new view shows.
fn keys(scratch: &Scratch) -> Vec<String> {
    let state = ViewServer::start(scratch, &[]).json("/api/state");
    assert_eq!(state["problem"], Value::Null, "{state}");
    state["items"].as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn kills_at_any_moment_leave_the_state_right_and_nothing_behind() {
    let scratch = Scratch::new();
    let mut window = Window::open_owner(&scratch, Agent::Claude, "%1");
    history::fill(&scratch, "s1", SESSIONS);
    let before = files(scratch.root(), &scratch.state_dir());
    let path = format!("{}:{}", program::baton().parent().unwrap().display(), scratch.env()["PATH"]);
    for round in 0..Effort::get().pick(12, 60, 300) {
        let mut random = rng(round, 0);
        let mut view = Command::new(program::baton_view());
        view.args(["serve", "--port", "0"]).env_clear().envs(scratch.env()).env("PATH", &path);
        let mut view = view.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let moment = Duration::from_micros(random.u64(0..VIEW_MICROS));
        let killer = thread::spawn(move || {
            thread::sleep(moment);
            view.kill().unwrap();
            view.wait().unwrap();
        });
        let mut millis = || random.u64(1..HOOK_MILLIS);
        killed_hook(&mut window, "UserPromptSubmit", "s1", millis());
        killed_hook(&mut window, "Stop", "s1", millis());
        killed_hook(&mut window, "SessionStart", &format!("t{round}"), millis());
        killer.join().unwrap();
    }
    // The next call completes whatever was begun.
    for event in ["UserPromptSubmit", "Stop"] {
        assert_eq!(window.hook(event, "s1", &json!({"prompt": "words"})).code, Some(0));
    }
    while scratch.has_inbox() {
        scratch.baton(["status"]).run();
    }
    let (listed, shown) = (list(&scratch), keys(&scratch));
    assert_eq!(listed["unreadable"], json!([]), "{listed}");
    assert!(listed["sessions"].as_array().unwrap().len() > SESSIONS, "{listed}");
    fs::remove_dir_all(scratch.state_dir().join("cache")).unwrap();
    assert_eq!((list(&scratch), keys(&scratch)), (listed, shown), "the catalogue was wrong");
    let remains: Vec<PathBuf> = files(&scratch.state_dir(), Path::new(""))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "tmp"))
        .collect();
    assert_eq!(remains, Vec::<PathBuf>::new());
    assert_eq!(files(scratch.root(), &scratch.state_dir()), before);
}
