//! Scenes of two machines that are played again and again, each time with a fault at another place.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use agent_baton_tests::fake_agent::{Ended, Run};
use agent_baton_tests::program;
use agent_baton_tests::state::State;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use super::{end_outage, owner};

/// What is done on which machine.
pub struct Scene {
    /// Its name.
    pub name: &'static str,
    /// Whether the second machine does it, on which a session takes the run over.
    pub is_second: bool,
    /// The words of the command. Without words, it is the event with which the session is resumed.
    pub words: &'static [&'static str],
    /// Fence and status of the run afterwards.
    pub after: (u64, &'static str),
    /// Whether a handoff owns the run afterwards.
    pub is_handed_over: bool,
}

/// Every scene.
pub const SCENES: [Scene; 6] = [
    Scene { name: "a takeover", is_second: true, words: &[], after: (2, "active"), is_handed_over: false },
    Scene {
        name: "an update",
        is_second: false,
        words: &["run", "update", "demo", "--phase", "second"],
        after: (1, "active"),
        is_handed_over: false,
    },
    Scene {
        name: "an end",
        is_second: false,
        words: &["run", "finish", "demo"],
        after: (1, "done"),
        is_handed_over: false,
    },
    Scene {
        name: "a round of the witness",
        is_second: false,
        words: &["fleet", "witness", "--quiet"],
        after: (1, "active"),
        is_handed_over: false,
    },
    Scene {
        name: "a handoff",
        is_second: false,
        words: &["handoff", "s1"],
        after: (2, "active"),
        is_handed_over: true,
    },
    Scene { name: "a pickup", is_second: true, words: &["pickup", "s1"], after: (2, "active"), is_handed_over: true },
];

/// Makes one test of each scene, which calls the function with the scene.
macro_rules! test_each_scene {
    ($check:path) => {
        $crate::fleet::scene::test_each_scene! { $check:
            at_a_takeover = "a takeover",
            at_an_update = "an update",
            at_an_end = "an end",
            at_a_round_of_the_witness = "a round of the witness",
            at_a_handoff = "a handoff",
            at_a_pickup = "a pickup",
        }
    };
    ($check:path: $($test:ident = $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                let scene = $crate::fleet::scene::SCENES.iter().find(|scene| scene.name == $name).expect("a scene");
                if let Some(stage) = $crate::fleet::scene::Stage::new() {
                    $check(&mut stage.prepare(scene));
                }
            }
        )*
    };
}
pub(crate) use test_each_scene;

/// Two machines, of which the first one owns the run `demo`.
pub struct Stage {
    /// The database.
    pub fleet: Fleet,
    machines: [Machine; 2],
}

/// A scene with its state prepared.
pub struct Played<'a> {
    /// What is done.
    pub scene: &'a Scene,
    stage: &'a Stage,
    windows: [Window<'a>; 2],
    before: [State; 2],
    number: u32,
}

impl Stage {
    /// Makes the machines. Returns `None` where PostgreSQL is not installed.
    pub fn new() -> Option<Self> {
        let fleet = Fleet::new()?;
        let machines = ["laptop", "desktop"].map(|name| fleet.machine(name));
        Some(Self { fleet, machines })
    }

    /// Prepares a scene.
    pub fn prepare<'a>(&'a self, scene: &'a Scene) -> Played<'a> {
        let [a, b] = &self.machines;
        let first = owner(a);
        // A handoff takes the conversation along.
        std::fs::write(a.scratch.home().join("work/s1.jsonl"), "{\"type\":\"user\"}\n").unwrap();
        let second = Window::open(&b.scratch, Agent::Claude, "%2");
        if scene.is_second {
            // From now on, the events of the session ask the database, even if the first one could not.
            b.witness();
            self.fleet.end_leases();
        }
        if scene.name == "a pickup" {
            let handed_over = a.baton(["handoff", "s1"]);
            assert_eq!(handed_over.code, Some(0), "{handed_over:?}");
        }
        self.fleet.back_up();
        let before = [a.scratch.state(), b.scratch.state()];
        Played { scene, stage: self, windows: [first, second], before, number: 0 }
    }
}

impl Played<'_> {
    /// Returns the machine that acts.
    pub fn machine(&self) -> &Machine {
        &self.stage.machines[usize::from(self.scene.is_second)]
    }

    /// Puts everything back to the beginning.
    pub fn rewind(&self) {
        self.stage.fleet.restore();
        for (machine, before) in self.stage.machines.iter().zip(&self.before) {
            before.put_back(&machine.scratch.state_dir());
        }
    }

    /// Returns what is done.
    pub fn act(&mut self) -> Run {
        self.number += 1;
        let window = &self.windows[usize::from(self.scene.is_second)];
        if self.scene.words.is_empty() {
            let fields = json!({"source": "resume", "number": self.number});
            return window.call("s1", window.payload("SessionStart", "s1", &fields).to_string());
        }
        let words = std::iter::once(program::baton().to_str().unwrap()).chain(self.scene.words.iter().copied());
        window.below("s1", words.map(str::to_owned).collect(), String::new())
    }

    /// Does it once without a fault.
    pub fn act_without_fault(&mut self, change: impl FnOnce(Run) -> Run) {
        let run = change(self.act());
        let ended = self.run(run);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }

    /// Runs something below the agent that acts.
    pub fn run(&mut self, run: Run) -> Ended {
        self.windows[usize::from(self.scene.is_second)].process.run(run)
    }

    /// Does the same again without a fault, and checks that there is one owner and that the copies equal the row.
    pub fn check(&mut self, what: &str) {
        end_outage(self.machine());
        let run = self.act();
        let again = self.run(run);
        assert!(matches!(again.code, Some(0 | 3 | 4)), "{what}: {again:?}");
        let (mut fence, status) = self.scene.after;
        let row = self
            .stage
            .fleet
            .sql("select fence, status, record#>>'{owner,process,pid}', owner_machine, revision from baton.run");
        // A handoff that is made again is another transfer.
        if self.scene.is_handed_over && !self.scene.is_second && row.starts_with(&format!("{}|", fence + 1)) {
            fence += 1;
        }
        let owner = &self.windows[usize::from(self.scene.is_second)];
        let id = self.machine().fleet_file("membership.json")["machine"].as_str().unwrap().to_owned();
        let expected = if self.scene.is_handed_over {
            format!("{fence}|{status}|{}||", self.windows[0].process.pid())
        } else {
            format!("{fence}|{status}|{}|{id}|", owner.process.pid())
        };
        assert!(row.starts_with(&expected), "{what}: {row}, and not {expected}: {again:?}");
        let revision: u64 = row.rsplit('|').next().unwrap().trim().parse().unwrap();
        for machine in &self.stage.machines {
            machine.witness();
            if self.scene.name == "a pickup" {
                // The files of the conversation, which a killed pickup wrote before the session's record, belong to no session.
                drop(std::fs::remove_dir_all(machine.scratch.state_dir().join("quarantine")));
            }
            let quarantine = machine.scratch.state_dir().join("quarantine");
            let damaged: Vec<_> =
                std::fs::read_dir(quarantine).into_iter().flatten().flatten().map(|it| it.path()).collect();
            assert!(damaged.is_empty(), "{what}: {damaged:?}");
            let state = machine.scratch.state();
            state.check_records();
            assert!(machine.fleet_file("marker.json").is_null(), "{what}: a marker is left");
            for run in state.runs() {
                let copy = (run.record.fence.0, run.record.status.name(), run.record.fleet.unwrap().revision);
                assert_eq!(copy, (fence, status, revision), "{what}");
            }
        }
        let is_owned = self.machine().scratch.state().runs().len() == 1;
        assert!(is_owned, "{what}: the machine of the owner has the run");
    }
}
