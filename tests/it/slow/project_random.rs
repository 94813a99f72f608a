//! Sixteen agents enter and leave a project at random, and they and their hooks are killed at random. In the end, the
//! protected files are the user's own, byte for byte, and what baton overwrote is in the history.

use std::fs;
use std::sync::Mutex;
use std::thread;

use agent_baton_core::agent::Agent;
use agent_baton_tests::effort::Effort;
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::project::Project;
use agent_baton_tests::rng::rng;
use agent_baton_tests::trace::{self, Call, Fault, with_fault};
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

const PLAYERS: u64 = 16;
const TURNS: u64 = 5;
const MINE: &str = "mine\n";

/// System calls during a save and a restore.
const STEPS: [&str; 8] = ["rename", "renameat", "fsync", "openat", "unlinkat", "write", "flock", "mkdir"];

/// What the tools wrote, which is all that the model needs.
#[derive(Default)]
struct Model {
    last: Option<String>,
    overwritten: Vec<String>,
}

impl Model {
    /// Writes the file as a tool does. It must still hold what the previous tool wrote, or baton overwrote it.
    fn write(&mut self, project: &Project<'_>, text: &str) {
        self.look(project);
        project.write("AGENTS.md", text);
        self.last = Some(text.to_owned());
    }

    fn look(&mut self, project: &Project<'_>) {
        let stands = project.read("AGENTS.md");
        if stands != self.last {
            self.overwritten.extend(self.last.take());
        }
    }
}

struct Player<'a> {
    scratch: &'a Scratch,
    project: &'a Project<'a>,
    model: &'a Mutex<Model>,
    rng: fastrand::Rng,
    name: String,
    launches: u32,
    window: Option<Window<'a>>,
    strace: bool,
}

impl<'a> Player<'a> {
    fn session(&self) -> String {
        format!("{}-{}", self.name, self.launches)
    }

    fn hook(&mut self, event: &str, turn: u64) -> Option<Ended> {
        let session = self.session();
        let harm = (self.strace && self.rng.u32(..3) == 0).then(|| {
            let name = STEPS[self.rng.usize(..STEPS.len())];
            let nth = 1 + self.rng.usize(..12);
            Call { name: name.to_owned(), nth, line: String::new() }
        });
        let log = self.scratch.root().join(format!("calls-{}", self.name));
        let window = self.window.as_mut()?;
        let payload = window.payload(event, &session, &json!({"prompt": format!("{turn}"), "turn": turn}));
        let mut run = window.call(&session, payload.to_string());
        if let Some(call) = &harm {
            run = with_fault(&run, &log, call, Fault::Kill);
        }
        let ended = window.process.run(run);
        assert!(harm.is_some() || ended.code == Some(0), "{ended:?}");
        Some(ended)
    }

    /// Returns whether this session is registered. An agent works only then, because it waits for the reply to its
    /// first prompt.
    fn is_in(&self) -> bool {
        let session = self.session();
        let record = fs::read(self.project.protected_store().join("record.json")).ok();
        let record: Option<Value> = record.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let present = record.as_ref().and_then(|record| record["participants"].as_array());
        present.is_some_and(|present| present.iter().any(|presence| presence["session"] == *session))
    }

    fn play(&mut self) {
        for turn in 0..TURNS {
            match (self.window.is_some(), self.rng.u32(..8)) {
                (false, _) => {
                    self.launches += 1;
                    let agent = if self.rng.u32(..2) == 0 { Agent::Claude } else { Agent::Codex };
                    self.window = Some(Window::open(self.scratch, agent, &format!("%{}", self.name)));
                    self.hook("SessionStart", turn);
                }
                (true, 0..=3) => {
                    self.hook("UserPromptSubmit", turn);
                    // Hold the lock while writing, so that a reader sees one tool's text or the next one's.
                    let mut model = self.model.lock().unwrap();
                    if self.is_in() {
                        model.write(self.project, &format!("{} {turn}\n", self.session()));
                        self.project.write(&format!(".codex/{}", self.session()), "new\n");
                    }
                }
                (true, 4..=5) => {
                    self.hook("SessionEnd", turn);
                    self.window = None;
                }
                (true, _) => {
                    if let Some(mut window) = self.window.take() {
                        window.process.kill();
                    }
                }
            }
        }
        self.window = None;
    }
}

fn round(round: u64, strace: bool) {
    println!("round {round}");
    let scratch = Scratch::new();
    let project = Project::protect(&scratch, &["AGENTS.md", ".codex"]);
    project.write("AGENTS.md", MINE);
    project.write(".codex/config.toml", MINE);
    let before = project.tree();
    // The first agent enters and leaves alone, so that a record exists.
    let mut window = Window::open(&scratch, Agent::Claude, "%0");
    for event in ["SessionStart", "SessionEnd"] {
        assert_eq!(window.hook(event, "s0", &json!({})).code, Some(0));
    }
    let model = Mutex::new(Model { last: Some(MINE.to_owned()), ..Model::default() });
    thread::scope(|scope| {
        for player in 0..PLAYERS {
            let (scratch, project, model) = (&scratch, &project, &model);
            scope.spawn(move || {
                let (rng, name) = (rng(round, player), format!("p{player}"));
                Player { scratch, project, model, rng, name, launches: 0, window: None, strace }.play();
            });
        }
    });
    // All agents are gone, one way or another. The next one finds the user's own files.
    let stands = project.read("AGENTS.md");
    // The next calls handle starts that did not get the lock in time, sixteen at a time.
    let waiting = || {
        let names = fs::read_dir(scratch.state_dir().join("inbox")).into_iter().flatten();
        names.filter(|name| name.as_ref().unwrap().path().extension().is_none_or(|ext| ext != "tmp")).count()
    };
    for sweep in 0.. {
        assert!(sweep < 20, "the inbox is never empty");
        if waiting() == 0 {
            break;
        }
        for event in ["SessionStart", "SessionEnd"] {
            assert_eq!(window.hook(event, &format!("sweep-{sweep}"), &json!({})).code, Some(0));
        }
    }
    for event in ["SessionStart", "SessionEnd"] {
        assert_eq!(window.hook(event, "last", &json!({})).code, Some(0));
    }
    let notes = project.show()["notes"].clone();
    assert_eq!((project.tree(), project.state()), (before, ("idle".to_owned(), 0)), "{round}: {notes:#}");
    let mut model = model.into_inner().unwrap();
    model.overwritten.extend(stands);
    model.look(&project);
    for text in model.overwritten.iter().filter(|text| *text != MINE) {
        assert!(project.history_has("files/AGENTS.md", text), "{round}: {text:?} is lost: {:?}", project.show());
    }
}

#[test]
fn whoever_comes_and_goes_and_dies_the_files_are_the_persons_own() {
    let rounds = Effort::get().pick(1, 50, 500);
    let strace = trace::is_possible();
    (0..rounds).for_each(|n| round(n, strace));
}
