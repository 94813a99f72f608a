//! Compares the cost of an event in a state with a long history and many live sessions with that in an empty state.

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::Run;
use agent_baton_tests::process::start_of;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

use crate::SESSION;
use crate::pairs::{Pairs, WARM_UP};

/// The number of sessions in the archive.
const ARCHIVED: usize = 10_000;

/// The number of live sessions in the same project.
const LIVING: usize = 100;

/// One of the two states. Two windows take turns to display the session that owns a run, and a third one starts
/// sessions.
struct Side<'a> {
    windows: [Window<'a>; 2],
    third: Window<'a>,
    owner: usize,
}

/// Each round's events in order: description and event.
const STEPS: [(&str, &str); 9] = [
    ("the first prompt after a change of owner", "UserPromptSubmit"),
    ("a prompt", "UserPromptSubmit"),
    ("the end of a turn", "Stop"),
    ("a notification", "Notification"),
    ("before a compaction", "PreCompact"),
    ("a session is resumed in its process", "SessionStart"),
    ("a session ends", "SessionEnd"),
    ("a run changes its owner", "SessionStart"),
    ("a session begins", "SessionStart"),
];

/// The step that begins a session.
const NEW_SESSION: usize = 8;

impl<'a> Side<'a> {
    fn new(scratch: &'a Scratch) -> Self {
        let window = |pane: &str| Window::open(scratch, Agent::Claude, pane);
        let mut windows = [window("%1"), window("%2")];
        let [owner, _] = &mut windows;
        crate::hook(owner, "SessionStart", &json!({}));
        crate::hook(owner, "UserPromptSubmit", &json!({"prompt": "words"}));
        let started = owner.baton(SESSION, &["run", "start", "demo"]);
        assert_eq!(started.code, Some(0), "{started:?}");
        Self { windows, third: window("%3"), owner: 0 }
    }

    /// Returns the call of a step in this round, and the window that makes it.
    fn call(&mut self, step: usize, round: usize) -> (Run, &mut Window<'a>) {
        let (_, event) = STEPS[step];
        // A new session is no resume of one, about which a machine of a fleet would ask the database.
        let source = if step == NEW_SESSION { "startup" } else { "resume" };
        let fields = json!({"source": source, "prompt": format!("{round} {step}"), "round": round, "step": step});
        let fresh = format!("fresh-{round}");
        let (window, session) = match step {
            7 => {
                self.owner = 1 - self.owner;
                (&mut self.windows[self.owner], SESSION)
            }
            NEW_SESSION => (&mut self.third, fresh.as_str()),
            _ => (&mut self.windows[self.owner], SESSION),
        };
        let run = window.call(session, window.payload(event, session, &fields).to_string());
        (run, window)
    }

    fn measure(&mut self, step: usize, round: usize) -> u64 {
        let (run, window) = self.call(step, round);
        let ended = window.process.run(run);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}: {ended:?}", STEPS[step].0);
        ended.wall_ns
    }
}

/// Fills a state with copies of its only session: archived ones, and ones that a live process displays, each in a
/// pane of its own.
fn crowd(scratch: &Scratch) {
    let state = scratch.state_dir();
    let path = state.join(format!("sessions/{SESSION}.json"));
    let mut session: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    session["runs"] = json!([]);
    let launch = &mut session["launches"][0];
    launch["process"]["pid"] = json!(1);
    launch["process"]["start"] = json!(start_of(1).expect("process 1"));
    for n in 0..LIVING {
        session["id"] = json!(format!("living-{n}"));
        session["launches"][0]["pane"]["pane"] = json!(format!("%{}", 1000 + n));
        std::fs::write(state.join(format!("sessions/living-{n}.json")), session.to_string()).unwrap();
    }
    let ended = json!({"at": session["created"], "reason": "ended"});
    session["launches"][0]["ended"] = ended.clone();
    session["ended"] = ended;
    for n in 0..ARCHIVED {
        session["id"] = json!(format!("old-{n}"));
        std::fs::write(state.join(format!("archive/sessions/old-{n}.json")), session.to_string()).unwrap();
    }
    std::fs::remove_file(state.join("index/complete")).unwrap();
}

/// Plays the same rounds in an empty and in a crowded state.
pub fn measure(rounds: usize) -> Vec<Pairs> {
    let [alone, crowded] = [Scratch::new(), Scratch::new()];
    let all = compare(rounds, [&alone, &crowded], || crowd(&crowded));
    assert!(crowded.state().sessions().len() > ARCHIVED + LIVING);
    all
}

/// Plays the same rounds in two states, alternating after each step. `prepare` is called when both have a run.
pub fn compare(rounds: usize, scratches: [&Scratch; 2], prepare: impl FnOnce()) -> Vec<Pairs> {
    let mut sides = scratches.map(Side::new);
    prepare();
    let mut all: Vec<Pairs> = STEPS.iter().map(|(name, _)| Pairs::new(name)).collect();
    for round in 0..rounds + WARM_UP {
        for (step, pairs) in all.iter_mut().enumerate() {
            pairs.add(round, |side| sides[side].measure(step, round));
        }
    }
    let changes = u64::try_from(rounds + WARM_UP).expect("a number") + 1;
    for scratch in scratches {
        assert_eq!(scratch.state().runs()[0].record.fence.0, changes, "each round was to change the owner");
    }
    all
}
