//! Three machines play one session at once, with connections that are cut and calls that are killed. What their calls returned, in
//! the order of one clock, is a history of one register, which the checker of linearizability judges.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use agent_baton_tests::effort::Effort;
use agent_baton_tests::fake_agent::Run;
use agent_baton_tests::program;
use agent_baton_tests::rng::rng;
use baton_fleet_model::linearizability::{Action, ENDED, Operation, Ownership, check};
use baton_test_postgres::Fault;
use baton_test_postgres::fleet::{Fleet, Machine};
use fastrand::Rng;
use serde_json::json;

use crate::fleet::{end_outage, owner};

/// How many calls each machine makes in one history.
const CALLS: usize = 8;

/// The number of a handoff as an owner. No process has this pid.
const HANDOFF: u64 = ENDED - 1;

/// A call, and what it does to the run if nobody learns how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Prompt,
    Adopt,
    Verify,
    Update,
    Handoff,
    Pickup,
    Cancel,
}

/// The calls from which a machine chooses. The frequent ones are named more often.
const CHOICE: [Call; 16] = [
    Call::Prompt,
    Call::Prompt,
    Call::Prompt,
    Call::Prompt,
    Call::Adopt,
    Call::Adopt,
    Call::Adopt,
    Call::Verify,
    Call::Verify,
    Call::Verify,
    Call::Update,
    Call::Update,
    Call::Update,
    Call::Handoff,
    Call::Pickup,
    Call::Pickup,
];

/// What all machines share.
struct Recorder<'a> {
    fleet: &'a Fleet,
    begun: Instant,
    run: String,
    /// Makes every event another one.
    events: AtomicU64,
}

/// One machine, and the operations that were recorded on it.
struct Player<'a> {
    recorder: &'a Recorder<'a>,
    machine: &'a Machine,
    window: Window<'a>,
    rng: Rng,
    history: Vec<Operation>,
}

impl Recorder<'_> {
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap()
    }
}

impl Player<'_> {
    /// Makes one call, perhaps with a fault, and records what it showed.
    fn play(&mut self, call: Call) {
        end_outage(self.machine);
        // Until its lease ends, an owner that cannot reach the database goes on, even if somebody took the run by force. Without
        // leases every answer comes from the database.
        drop(std::fs::remove_file(self.machine.scratch.state_dir().join("fleet/leases.json")));
        if self.rng.u32(..4) == 0 {
            self.recorder.fleet.end_leases();
        }
        let (before, called) = (self.copy(), self.recorder.now());
        let faulty = self.rng.u32(..3) == 0;
        if faulty {
            let fault = *self.rng.choice(&[Fault::LoseStatement, Fault::LoseAnswer]).unwrap();
            self.machine.proxy.after(self.rng.u64(..4), fault);
        }
        if call == Call::Pickup {
            // A session that is shown here is not picked up.
            self.window.process.kill();
            drop(self.machine.baton(["pickup", "s1"]));
            self.window = Window::open(&self.machine.scratch, Agent::Claude, "%1");
        }
        let me = u64::from(self.window.process.pid());
        let asked = Ownership { fence: before.map_or(1, |before| before.fence), owner: me };
        let mut run = self.call(call, asked.fence);
        if faulty && self.rng.bool() {
            let seconds = format!("0.{:03}", self.rng.u32(5..150));
            run.argv.splice(0..0, ["timeout", "--signal=KILL", &seconds].map(str::to_owned));
        }
        let ended = self.window.process.run(run);
        let answered = Some(self.recorder.now());
        self.machine.proxy.after(u64::MAX, Fault::LoseStatement);
        let after = self.copy();
        let mut record = |answered, action| self.history.push(Operation { run: 1, called, answered, action });
        if let Some(now) = after.filter(|_| after != before) {
            // The row was so at some moment of the call, because a copy is never ahead.
            let acquired = Action::Acquire { owner: now.owner, fence: Some(now.fence) };
            match call {
                Call::Cancel if now.owner == ENDED => record(answered, Action::End { done: true }),
                Call::Handoff if now.owner == HANDOFF => record(answered, acquired),
                _ if now.owner == me => record(answered, acquired),
                _ => record(answered, Action::Read(now)),
            }
        }
        let is_open = !self.machine.fleet_file("marker.json").is_null();
        if is_open || !matches!(ended.code, Some(0 | 3)) {
            match call {
                Call::Verify | Call::Update => {}
                Call::Cancel => record(None, Action::End { done: false }),
                Call::Handoff => record(None, Action::Acquire { owner: HANDOFF, fence: None }),
                Call::Prompt | Call::Adopt | Call::Pickup => record(None, Action::Acquire { owner: me, fence: None }),
            }
        } else if matches!(call, Call::Verify | Call::Update) {
            match (ended.code, after) {
                // `update` is allowed for every process of the owner's machine that knows the fence.
                (Some(0), Some(now)) if call == Call::Update => {
                    record(answered, Action::Verify { asked: Ownership { owner: now.owner, ..asked }, holds: true });
                }
                (Some(0), Some(now)) => {
                    record(answered, Action::Verify { asked: Ownership { owner: me, ..now }, holds: true });
                }
                // It is refused without the database, too, and then that says nothing.
                (Some(3), now) if !faulty && now != Some(asked) => {
                    record(answered, Action::Verify { asked, holds: false });
                }
                _ => {}
            }
        }
    }

    /// Returns a call below this machine's agent.
    fn call(&self, call: Call, fence: u64) -> Run {
        let (run, fence) = (self.recorder.run.as_str(), fence.to_string());
        let event = |name, fields| {
            let mut fields: serde_json::Value = fields;
            fields["number"] = json!(self.recorder.events.fetch_add(1, Ordering::Relaxed));
            self.window.call("s1", self.window.payload(name, "s1", &fields).to_string())
        };
        let command = |words: &[&str]| {
            let program = program::baton().to_str().unwrap();
            let words = std::iter::once(program).chain(words.iter().copied()).map(str::to_owned).collect();
            self.window.below("s1", words, String::new())
        };
        match call {
            Call::Prompt => event("UserPromptSubmit", json!({"prompt": "words"})),
            Call::Pickup => event("SessionStart", json!({"source": "resume"})),
            Call::Adopt => command(&["run", "adopt", run, "--take"]),
            Call::Verify => command(&["run", "verify", run]),
            Call::Update => command(&["run", "update", run, "--fence", &fence, "--phase", "next"]),
            Call::Handoff => command(&["handoff", "s1"]),
            Call::Cancel => command(&["run", "cancel", run]),
        }
    }

    /// Returns the ownership in the machine's copy.
    fn copy(&self) -> Option<Ownership> {
        let runs = self.machine.scratch.state().runs();
        let run = &runs.first()?.record;
        let owner = match run.fleet.as_ref()?.machine {
            _ if !run.status.is_unfinished() => ENDED,
            Some(_) => u64::from(run.owner.process.pid),
            None => HANDOFF,
        };
        Some(Ownership { fence: run.fence.0, owner })
    }
}

/// Records the history of a round, in which the run is cancelled at the end.
fn record(round: u64) -> Option<Vec<Operation>> {
    let fleet = Fleet::new()?;
    let machines = ["laptop", "desktop", "server"].map(|name| fleet.machine(name));
    let [first, ..] = &machines;
    let window = owner(first);
    let begun = Instant::now();
    let run = first.run().id.to_string();
    let recorder = Recorder { fleet: &fleet, begun, run, events: AtomicU64::new(0) };
    let fence = Some(1);
    let start = Action::Acquire { owner: u64::from(window.process.pid()), fence };
    let mut history = vec![Operation { run: 1, called: 0, answered: Some(recorder.now()), action: start }];
    let mut windows = vec![window];
    windows.extend(machines[1..].iter().map(|machine| Window::open(&machine.scratch, Agent::Claude, "%1")));
    let players = machines.iter().zip(windows).zip(0..).map(|((machine, window), number)| {
        std::fs::write(machine.scratch.home().join("work/s1.jsonl"), "{\"type\":\"user\"}\n").unwrap();
        Player { recorder: &recorder, machine, window, rng: rng(round, number), history: Vec::new() }
    });
    let players: Vec<Player<'_>> = players.collect();
    let played = std::thread::scope(|scope| {
        let threads = players.into_iter().map(|mut player| {
            scope.spawn(move || {
                player.play(Call::Pickup);
                for _ in 0..CALLS {
                    let call = *player.rng.choice(&CHOICE).unwrap();
                    player.play(call);
                }
                player
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    for mut player in played {
        player.play(Call::Verify);
        if player.rng.bool() {
            player.play(Call::Cancel);
            player.play(Call::Adopt);
        }
        history.append(&mut player.history);
    }
    history.push(last_read(&recorder));
    check_copies(&fleet, &machines);
    Some(history)
}

/// Returns a read of the row itself.
fn last_read(recorder: &Recorder<'_>) -> Operation {
    let called = recorder.now();
    let row = recorder.fleet.sql(&format!(
        "select fence, case when status in ('done', 'failed', 'cancelled', 'abandoned') then {ENDED} \
         when owner_machine is null then {HANDOFF} else (record#>>'{{owner,process,pid}}')::numeric end from baton.run"
    ));
    let (fence, owner) = row.split_once('|').expect("a row");
    let read = Ownership { fence: fence.parse().unwrap(), owner: owner.parse().unwrap() };
    Operation { run: 1, called, answered: Some(recorder.now()), action: Action::Read(read) }
}

/// Checks that every copy equals the row, once every machine has asked again.
fn check_copies(fleet: &Fleet, machines: &[Machine]) {
    for machine in machines.iter().chain(machines) {
        end_outage(machine);
        machine.witness();
    }
    let row = fleet.sql("select fence, status, revision from baton.run");
    for machine in machines {
        for run in machine.scratch.state().runs() {
            let (fence, status) = (run.record.fence.0, run.record.status.name());
            let revision = run.record.fleet.expect("a run of the fleet").revision;
            assert_eq!(format!("{fence}|{status}|{revision}"), row);
        }
    }
}

#[test]
fn what_three_machines_do_at_once_has_an_order() {
    for round in 0..Effort::get().pick(2, 40, 400) {
        let Some(history) = record(round) else { return };
        if let Err(refused) = check(&history) {
            panic!("round {round}: {}", text(refused));
        }
    }
}

#[test]
fn a_history_with_a_second_owner_is_refused() {
    let Some(mut history) = record(1000) else { return };
    assert_eq!(check(&history), Ok(()));
    let transfer = |operation: &&Operation| matches!(operation.action, Action::Acquire { fence: Some(2..), .. });
    let Operation { action: Action::Acquire { fence, .. }, called, .. } =
        *history.iter().find(transfer).expect("a transfer")
    else {
        unreachable!()
    };
    // Another process says at the same time that it has the same fence.
    let action = Action::Acquire { owner: 1, fence };
    history.push(Operation { run: 1, called, answered: Some(called + 1), action });
    assert!(check(&history).is_err(), "{}", text(history));
}

/// Returns a history in the order of its calls.
fn text(mut history: Vec<Operation>) -> String {
    history.sort_by_key(|operation| operation.called);
    history
        .iter()
        .map(|Operation { called, answered, action, .. }| format!("\n{called} {answered:?} {action:?}"))
        .collect()
}
