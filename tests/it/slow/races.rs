//! Many processes at once: there is one owner, whoever comes first, and nothing that was acknowledged is lost.

use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

use agent_baton_core::agent::Agent;
use agent_baton_core::run::Run;
use agent_baton_tests::effort::Effort;
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::model::{self, Try, What};
use agent_baton_tests::reply::Reply;
use agent_baton_tests::rng::rng;
use agent_baton_tests::{Scratch, Window};
use serde::Deserialize;
use serde_json::{Value, json};

/// How many processes take part in the other tests.
const MANY: usize = 32;

fn went_well(ended: &Ended, event: &str) -> Option<Reply> {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    Reply::parse(&ended.stdout, event).unwrap()
}

fn tells_model(ended: &Ended, event: &str) -> bool {
    went_well(ended, event).is_some_and(|reply| reply.model.is_some())
}

fn the_run(scratch: &Scratch) -> Run {
    let state = scratch.state();
    state.check();
    state.only_run()
}

#[test]
fn one_event_from_many_hooks_acts_once_and_speaks_once() {
    let scratch = Scratch::new();
    Window::open_owner(&scratch, Agent::Claude, "%1").process.kill();
    let mut window = Window::open(&scratch, Agent::Claude, "%2");
    let payload = window.payload("SessionStart", "s1", &json!({"source": "resume"})).to_string();
    let run = window.call("s1", payload);
    let all = window.process.run_all(vec![run; MANY]);
    assert_eq!(all.iter().filter(|ended| tells_model(ended, "SessionStart")).count(), 1, "{all:?}");
    // Events that did not get the lock in time are in the inbox, which the next calls drain.
    for n in 0.. {
        went_well(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": n.to_string()})), "UserPromptSubmit");
        if !scratch.has_inbox() {
            break;
        }
    }
    let run = the_run(&scratch);
    assert_eq!((run.fence.0, run.history.len(), run.owner.process.pid), (2, 1, window.process.pid()));
}

#[test]
fn one_of_many_resumes_gets_the_run() {
    let scratch = Scratch::new();
    Window::open_owner(&scratch, Agent::Claude, "%1").process.kill();
    let mut windows: Vec<_> =
        (0..MANY).map(|n| Window::open(&scratch, Agent::Claude, &format!("%{}", n + 2))).collect();
    let told: Vec<bool> = thread::scope(|scope| {
        let threads: Vec<_> = windows
            .iter_mut()
            .map(|window| {
                scope.spawn(|| {
                    let ended = window.hook("SessionStart", "s1", &json!({"source": "resume"}));
                    tells_model(&ended, "SessionStart")
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    // Each call handles some of the events in the inbox. The others see one owner, which is alive.
    for n in 0.. {
        went_well(&windows[0].hook("UserPromptSubmit", "s1", &json!({"prompt": n.to_string()})), "UserPromptSubmit");
        if !scratch.has_inbox() {
            break;
        }
    }
    let owner = the_run(&scratch).owner.process.pid;
    assert!(told.iter().filter(|told| **told).count() <= 1, "{told:?}");
    for (window, told) in windows.iter_mut().zip(told) {
        assert!(!told || window.process.pid() == owner);
        went_well(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "second"})), "UserPromptSubmit");
    }
    let run = the_run(&scratch);
    assert_eq!((run.fence.0, run.history.len(), run.owner.process.pid), (2, 1, owner));
    assert!(windows.iter().any(|window| window.process.pid() == owner));
}

/// Two windows display the session that owns the run at first, and two display others.
const SESSIONS: [&str; 4] = ["a", "a", "b", "c"];

/// How many rounds use one state.
const ON_ONE_STATE: u64 = 20;

#[test]
fn nothing_acknowledged_is_lost_and_nothing_refused_is_done() {
    let rounds = Effort::get().pick(ON_ONE_STATE, 100, 1000);
    for first in (0..rounds).step_by(ON_ONE_STATE.try_into().unwrap()) {
        on_one_state(first..rounds.min(first + ON_ONE_STATE));
    }
}

fn on_one_state(rounds: std::ops::Range<u64>) {
    let scratch = Scratch::new();
    let mut windows: Vec<_> = (1..=4).map(|pane| Window::open(&scratch, Agent::Claude, &format!("%{pane}"))).collect();
    let mut played: BTreeMap<String, Vec<Try>> = BTreeMap::new();
    for round in rounds {
        for (window, session) in windows.iter_mut().zip(SESSIONS) {
            let start = window.hook("SessionStart", session, &json!({"source": "resume", "round": round}));
            went_well(&start, "SessionStart");
        }
        let started = windows[0].baton("a", &["run", "start", "demo", "--json"]);
        assert_eq!(started.code, Some(0), "{round}: {started:?}");
        let started: Value = serde_json::from_str(&started.stdout).unwrap();
        let run = started["id"].as_str().expect("an id").to_owned();
        let mut tries: Vec<Try> = thread::scope(|scope| {
            let players: Vec<_> = windows
                .iter_mut()
                .enumerate()
                .map(|(player, window)| {
                    let run = run.as_str();
                    scope.spawn(move || play(window, player, run, round))
                })
                .collect();
            players.into_iter().flat_map(|player| player.join().unwrap()).collect()
        });
        // Every round ends with a cancel, unless a player cancelled first.
        tries.push(attempt(What::Cancel, || windows[0].baton("a", &["run", "cancel", &run])));
        played.insert(run, tries);
    }
    went_well(&windows[0].hook("SessionStart", "a", &json!({"source": "resume"})), "SessionStart");
    let state = scratch.state();
    state.check();
    let mut audit = state.audit();
    audit.sort_by_key(|line| line["n"].as_u64());
    for (run, tries) in &played {
        let changes = audit.iter().flat_map(|line| line["decision"]["changes"].as_array().into_iter().flatten());
        let records = changes.filter_map(|change| change["record"].get("run"));
        let versions: Vec<Run> =
            records.filter(|record| record["id"] == **run).map(|record| Run::deserialize(record).unwrap()).collect();
        assert!(versions.len() >= 2, "the audit has the start and the cancel of {run}: {versions:?}");
        let kept = state.runs().into_iter().find(|kept| kept.record.id.as_str() == run).expect("the record");
        assert_eq!(Some(&kept.record), versions.last(), "the record is the last version");
        model::check(&versions, tries);
    }
}

fn attempt(what: What, call: impl FnOnce() -> Ended) -> Try {
    let begun = Instant::now();
    let ended = call();
    let what = match what {
        What::Own(_) => {
            let said: Option<Value> = serde_json::from_str(&ended.stdout).ok();
            What::Own(said.and_then(|run| run["fence"].as_u64()))
        }
        other => other,
    };
    assert!(matches!(ended.code, Some(0 | 3 | 4)), "{what:?}: {ended:?}");
    Try { what, begun, ended: Instant::now(), code: ended.code }
}

/// Makes one player's moves.
fn play(window: &mut Window<'_>, player: usize, run: &str, round: u64) -> Vec<Try> {
    let session = SESSIONS[player];
    let mut rng = rng(round, player as u64);
    let mut number = 1;
    let mut tries = Vec::new();
    for turn in 0..4 {
        let salt = json!({"source": "resume", "prompt": format!("{round} {turn}"), "round": round, "turn": turn});
        match rng.u32(..12) {
            0..=4 => {
                let (phase, fence) = (format!("{player}-{turn}"), number.to_string());
                let words = ["run", "update", run, "--fence", &fence, "--phase", &phase];
                tries.push(attempt(What::Write(phase.clone()), || window.baton(session, &words)));
            }
            5..=6 => {
                let words = ["run", "adopt", run, "--take", "--json"];
                let one = attempt(What::Own(None), || window.baton(session, &words));
                if let What::Own(Some(fence)) = one.what {
                    number = fence;
                }
                tries.push(one);
            }
            7 => tries.push(attempt(What::Cancel, || window.baton(session, &["run", "cancel", run]))),
            8 => drop(went_well(&window.hook("SessionEnd", session, &salt), "SessionEnd")),
            9 => drop(went_well(&window.hook("SessionStart", session, &salt), "SessionStart")),
            _ => drop(went_well(&window.hook("UserPromptSubmit", session, &salt), "UserPromptSubmit")),
        }
    }
    tries
}
