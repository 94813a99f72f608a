//! SIGKILL of both faces of the view and of hooks, again and again and at any moment: the state is right, the catalogue too or is made
//! anew, no temporary file stays, and nothing else is touched.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use agent_baton_core::agent::Agent;
use agent_baton_tests::effort::Effort;
use agent_baton_tests::rng::rng;
use agent_baton_tests::view_server::ViewServer;
use agent_baton_tests::{Scratch, Window, history, program};
use nix::pty::{Winsize, openpty};
use serde_json::{Value, json};

/// More sessions than are kept in memory, so that the catalogue is written to its file.
const SESSIONS: usize = 300;

/// Within how many microseconds the view is killed, after its start or after it shows something: while it starts, reads,
/// writes the catalogue or follows.
const VIEW_MICROS: u64 = 200_000;

/// Within how many milliseconds a hook is killed.
const HOOK_MILLIS: u64 = 60;

/// What a file is and contains, as one number.
fn digest(path: &Path) -> u64 {
    let metadata = fs::symlink_metadata(path).unwrap();
    let mut hasher = DefaultHasher::new();
    metadata.mode().hash(&mut hasher);
    if metadata.is_symlink() {
        fs::read_link(path).unwrap().hash(&mut hasher);
    } else if metadata.is_file() {
        fs::read(path).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}

/// Returns every file below a directory with its digest, but those below `without`.
fn files(dir: &Path, without: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    let mut left = vec![dir.to_owned()];
    while let Some(dir) = left.pop() {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path != without) {
            if path.is_dir() && !path.is_symlink() {
                left.push(path.clone());
            }
            found.insert(path.clone(), digest(&path));
        }
    }
    found
}

/// A face of the view.
#[derive(Clone, Copy, Debug)]
enum Face {
    Serve,
    Top,
}

impl Face {
    /// What it prints when it has read the state.
    fn first_words(self) -> &'static str {
        match self {
            Self::Serve => "/?token=",
            Self::Top => "baton",
        }
    }

    /// Starts it, and kills it this long after its start, or after it has shown something.
    fn killed(self, scratch: &Scratch, has_printed: bool, moment: Duration) -> JoinHandle<()> {
        let path = format!("{}:{}", program::baton().parent().unwrap().display(), scratch.env()["PATH"]);
        let mut command = Command::new(program::baton_view());
        command.env_clear().envs(scratch.env()).env("PATH", path).stdin(Stdio::null()).stderr(Stdio::null());
        let (mut view, shown) = match self {
            Self::Serve => {
                let (reader, writer) = std::io::pipe().unwrap();
                let view = command.args(["serve", "--port", "0"]).stdout(writer).spawn().unwrap();
                (view, tell_when_printed(reader, self.first_words()))
            }
            Self::Top => {
                let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
                let terminal = openpty(Some(&size), None).unwrap();
                let slave = File::from(terminal.slave);
                let view = command.arg("top").stdin(slave.try_clone().unwrap()).stdout(slave).spawn().unwrap();
                (view, tell_when_printed(File::from(terminal.master), self.first_words()))
            }
        };
        // This process holds no end of a pipe or a terminal that the view writes to.
        drop(command);
        thread::spawn(move || {
            if has_printed {
                shown.recv().unwrap_or_else(|_| panic!("{self:?} has ended"));
            }
            thread::sleep(moment);
            view.kill().unwrap();
            view.wait().unwrap();
        })
    }
}

/// Reads what a view prints, and tells when these words are there.
fn tell_when_printed(mut out: impl Read + Send + 'static, words: &'static str) -> Receiver<()> {
    let (sender, printed) = mpsc::channel();
    thread::spawn(move || {
        let (mut text, mut bytes) = (Vec::new(), [0; 4096]);
        // A terminal whose program has ended cannot be read.
        while let Ok(count @ 1..) = out.read(&mut bytes) {
            text.extend_from_slice(&bytes[..count]);
            if String::from_utf8_lossy(&text).contains(words) {
                // Who was not asked to wait does not listen.
                let _ = sender.send(());
            }
        }
    });
    printed
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
    for round in 0..Effort::get().pick(12, 60, 300) {
        let mut random = rng(round, 0);
        // In one half of the rounds one face is past its start, in the other half the other.
        let mut killed = |face: Face, has_printed| {
            face.killed(&scratch, has_printed, Duration::from_micros(random.u64(0..VIEW_MICROS)))
        };
        let killers = [killed(Face::Serve, round % 2 == 0), killed(Face::Top, round % 2 == 1)];
        let mut millis = || random.u64(1..HOOK_MILLIS);
        killed_hook(&mut window, "UserPromptSubmit", "s1", millis());
        killed_hook(&mut window, "Stop", "s1", millis());
        killed_hook(&mut window, "SessionStart", &format!("t{round}"), millis());
        for killer in killers {
            killer.join().unwrap();
        }
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
        .into_keys()
        .filter(|path| path.extension().is_some_and(|extension| extension == "tmp"))
        .collect();
    assert_eq!(remains, Vec::<PathBuf>::new());
    assert_eq!(files(scratch.root(), &scratch.state_dir()), before);
}
