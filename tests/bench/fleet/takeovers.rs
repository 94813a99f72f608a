//! Two machines take turns to take a run over.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use agent_baton_tests::fake_agent::Run;
use baton_test_postgres::Postgres;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use crate::fill;
use crate::pairs::{Pairs, WARM_UP};
use crate::{SESSION, hook};

/// Two machines that reach the database through its socket.
struct Machines {
    fleet: Fleet,
    both: [Machine; 2],
}

impl Machines {
    fn new() -> Self {
        let (fleet, server) = (Fleet::new().expect("a server"), Postgres::shared().expect("a server"));
        let both = ["one", "two"].map(|name| fleet.machine(name));
        let url = server.socket_url(fleet.database());
        for machine in &both {
            let path = machine.scratch.home().join(".config/baton/config.toml");
            std::fs::write(path, format!("[fleet]\nurl = \"{url}\"\n")).expect("a configuration");
        }
        Self { fleet, both }
    }
}

/// Starts a session that owns a run of the fleet.
pub fn start(window: &mut Window<'_>, session: &str) {
    for event in ["SessionStart", "UserPromptSubmit"] {
        let ended = window.hook(event, session, &json!({"prompt": "words"}));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{event}: {ended:?}");
    }
    let started = window.baton(session, &["run", "start", "demo", "--fleet"]);
    assert_eq!(started.code, Some(0), "{started:?}");
}

/// A run that moves between the windows of two machines.
struct Takeovers<'a> {
    machines: &'a Machines,
    windows: [Window<'a>; 2],
    owner: usize,
}

impl<'a> Takeovers<'a> {
    fn new(machines: &'a Machines) -> Self {
        let [first, second] = &machines.both;
        let windows = [(first, "%1"), (second, "%2")].map(|(it, pane)| Window::open(&it.scratch, Agent::Claude, pane));
        let mut takeovers = Self { machines, windows, owner: 0 };
        start(&mut takeovers.windows[0], SESSION);
        takeovers
    }

    /// Ends the owner and its lease, and lets its machine find out. Then measures the event that takes the run over.
    fn next(&mut self, round: usize) -> u64 {
        hook(&mut self.windows[self.owner], "SessionEnd", &json!({"round": round}));
        for machine in &self.machines.both {
            let _ = machine.witness();
        }
        self.machines.fleet.end_lease(&self.run());
        self.owner = 1 - self.owner;
        let window = &mut self.windows[self.owner];
        let payload = window.payload("SessionStart", SESSION, &json!({"source": "resume", "round": round}));
        let call = window.call(SESSION, payload.to_string());
        let ended = window.process.run(call);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        ended.wall_ns
    }

    fn run(&self) -> String {
        self.machines.both[0].run().id.to_string()
    }

    fn fence(&self) -> u64 {
        self.machines.both[self.owner].run().fence.0
    }
}

/// Measures takeovers beside a transaction of psql that reads the run's row and writes it.
pub fn against_psql(rounds: usize) -> Pairs {
    let machines = Machines::new();
    let mut takeovers = Takeovers::new(&machines);
    let mut pairs = Pairs::new("a run moves to another machine");
    for round in 0..rounds + WARM_UP {
        pairs.add(round, |side| match side {
            0 => {
                let call = psql(&takeovers.windows[0], &machines.fleet, &takeovers.run());
                let ended = takeovers.windows[0].process.run(call);
                assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
                ended.wall_ns
            }
            _ => takeovers.next(round),
        });
    }
    assert_eq!(takeovers.fence(), as_fence(rounds), "each round was to change the owner");
    pairs
}

/// Returns the call of psql, as the fleet's user.
fn psql(window: &Window<'_>, fleet: &Fleet, run: &str) -> Run {
    let server = Postgres::shared().expect("a server");
    let database = fleet.database();
    let (program, port) = (server.program("psql"), server.port().to_string());
    let [read, write] = [
        format!("select record from baton.run where account = current_user::text and id = '{run}'"),
        format!("update baton.run set written = now() where account = current_user::text and id = '{run}'"),
    ];
    let mut argv: Vec<String> = [program.to_str(), Some("-XqAt"), Some("-v"), Some("ON_ERROR_STOP=1"), Some("-h")]
        .into_iter()
        .chain([server.dir().to_str(), Some("-p"), Some(&port), Some("-U"), Some(&database.user), Some("-d")])
        .chain([Some(database.name.as_str())])
        .map(|word| word.expect("a path that is UTF-8").to_owned())
        .collect();
    for statement in ["begin isolation level serializable", &read, &write, "commit"] {
        argv.extend(["-c".to_owned(), statement.to_owned()]);
    }
    let mut call = window.below("psql", argv, String::new());
    call.env.insert("PGPASSWORD".to_owned(), database.password.clone());
    call
}

/// Measures takeovers in two databases, of which the second has this many other runs.
pub fn in_a_crowded_database(rounds: usize, runs: usize) -> Pairs {
    let machines = [Machines::new(), Machines::new()];
    let mut takeovers = [Takeovers::new(&machines[0]), Takeovers::new(&machines[1])];
    fill::fill(&machines[1].fleet, runs);
    let mut pairs = Pairs::new("a run moves to another machine");
    for round in 0..rounds + WARM_UP {
        pairs.add(round, |side| takeovers[side].next(round));
    }
    for takeovers in &takeovers {
        assert_eq!(takeovers.fence(), as_fence(rounds), "each round was to change the owner");
    }
    pairs
}

/// Returns the fence after this many rounds.
fn as_fence(rounds: usize) -> u64 {
    u64::try_from(rounds + WARM_UP + 1).expect("a number")
}
