//! Measures the commands that list and look up, with short and long histories.

use agent_baton_core::agent::Agent;
use agent_baton_tests::history::{self, name, run_id, session_id};
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

use crate::pairs::WARM_UP;

/// The numbers of archived sessions.
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];

/// A row of the table: a description, the arguments, and the exit status.
struct Command {
    name: &'static str,
    args: Vec<String>,
}

/// The times of one command in nanoseconds, for each number of sessions.
pub struct Times {
    /// A description of the command.
    pub name: &'static str,
    /// The times of each round, for each of [`SIZES`].
    pub ns: Vec<Vec<u64>>,
}

/// Returns the commands. Each looks for a record in the middle of the history.
fn commands(of: usize, day: &str) -> Vec<Command> {
    let session = of / 2;
    let run = session / history::SESSIONS_PER_RUN;
    let id = session_id(session);
    let command = |name, words: &[&str]| Command { name, args: words.iter().map(|word| (*word).to_owned()).collect() };
    vec![
        command("the status in one line", &["status", "--line"]),
        command("the status", &["status"]),
        command("the newest 50 sessions", &["session", "list"]),
        command("the same, of one project", &["session", "list", "--project", "/work/project7"]),
        command("the same, of one agent", &["session", "list", "--agent", "claude"]),
        command("the same, that have ended", &["session", "list", "--status", "ended"]),
        command("sessions that were opened on a day", &["session", "list", "--date", day, "--limit", "10"]),
        command("sessions by a word of their name", &["session", "list", "--text", &name(session)]),
        command("a session by the beginning of its id", &["session", "show", &id[..12]]),
        command("a session by the end of its id", &["session", "show", &id[24..]]),
        command("a session by its name", &["session", "show", &name(session)]),
        command("the newest 50 runs, ended ones included", &["run", "list", "--all"]),
        command("a run by the beginning of its id", &["run", "show", &run_id(run)[..10]]),
        command("a run by its name", &["run", "show", &name(run)]),
        command("what expires", &["gc", "--dry-run"]),
        command("the checks of `doctor`", &["doctor"]),
    ]
}

/// Measures each command on each number of sessions.
pub fn measure(rounds: usize) -> Vec<Times> {
    let mut table: Vec<Times> =
        commands(SIZES[0], "").iter().map(|command| Times { name: command.name, ns: Vec::new() }).collect();
    for of in SIZES {
        let scratch = Scratch::on_disk().expect("a disk");
        let mut window = Window::open(&scratch, Agent::Claude, "%1");
        for (event, fields) in [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"}))] {
            let ended = window.hook(event, "alive", &fields);
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        }
        assert_eq!(window.baton("alive", &["run", "start", "alive"]).code, Some(0));
        history::fill(&scratch, "alive", of);
        let filled = std::time::Instant::now();
        assert_eq!(scratch.baton(["session", "list"]).run().code, Some(0));
        eprintln!("{of} sessions: the catalogue is made in {:.1} s", filled.elapsed().as_secs_f64());
        let shown = scratch.baton(["session", "show", &session_id(of / 2), "--json"]).run().json();
        let day = shown["created_at"].as_str().expect("a time")[..10].to_owned();
        let program = agent_baton_tests::program::baton().to_str().expect("UTF-8");
        for (command, times) in commands(of, &day).iter().zip(&mut table) {
            let argv = std::iter::once(program.to_owned()).chain(command.args.iter().cloned()).collect();
            let run = window.below("alive", argv, String::new());
            let ns = (0..rounds + WARM_UP).map(|_| {
                let ended = window.process.run(run.clone());
                // What `doctor` finds depends on the agents of this machine.
                assert!(ended.code == Some(0) || command.args[0] == "doctor", "{}: {ended:?}", command.name);
                ended.wall_ns
            });
            times.ns.push(ns.skip(WARM_UP).collect());
        }
    }
    table
}
