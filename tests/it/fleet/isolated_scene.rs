//! Scenes of machines that share nothing but the database: each has mounts, processes, a network, a machine id and boot ids of its own.
//!
//! A scene is a list of lines, `MACHINE VERB WORDS`, that are played in turn. At its end, every copy has to equal the row.
//!
//! | verb | meaning |
//! | --- | --- |
//! | `starts` | An agent opens session s1 and starts the fleet run `demo`. |
//! | `opens` | An agent is opened. |
//! | `resumes`, `prompts`, with `> TEXT` or `> nothing` | The event of s1, and what it says. `resumes` opens an agent. |
//! | `baton WORDS = CODE` | A command below the agent. |
//! | `user WORDS = CODE` | A command of the user. |
//! | `witness` | One round of the witness. |
//! | `agent dies` | The agent is killed. |
//! | `boots` | Every process is killed, and the machine has another boot id. |
//! | `is-rebuilt` | The same, in a new pid namespace, as a container that was made again around its old state directory. |
//! | `is-cut-off`, `is-back` | The database cannot be reached, and can be reached again. |
//! | `owns FENCE` | The row and the machine's copy say so: this machine, its agent's process, this fence. |
//! | `leases end` | Not of a machine: the time of all leases has passed. |
//! | `race to FENCE` | Not of a machine: every agent sends a prompt at once, and one of them owns the run. |

use std::collections::BTreeMap;

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use agent_baton_tests::namespaces::Namespaces;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::{Value, json};

use super::{end_outage, event, owner};

/// The pid that the first agent of every machine gets.
const AGENT_PID: u32 = 200;

/// The machine id of machines that were made from one image. They have the same number for their pid namespace, too, as real machines
/// have.
pub const CLONE: &str = "dddddddddddddddddddddddddddddddd";

/// Plays a scene on machines with these names and machine ids.
pub fn check(machines: &[(&str, &str)], lines: &[&str]) {
    let Some(fleet) = Fleet::new() else { return };
    let mut made = BTreeMap::new();
    for (name, machine_id) in machines {
        let Some(machine) = fleet.isolated_machine(name, machine_id, *machine_id != CLONE) else { return };
        std::fs::write(machine.scratch.home().join("work/s1.jsonl"), "{\"type\":\"user\"}\n").unwrap();
        made.insert(*name, (machine, *machine_id));
    }
    let mut windows = BTreeMap::new();
    for line in lines {
        if *line == "leases end" {
            fleet.end_leases();
            continue;
        }
        if let Some(fence) = line.strip_prefix("race to ") {
            race(&fleet, fence, windows.values_mut());
            continue;
        }
        let (name, words) = line.split_once(' ').expect("a machine and a verb");
        let (machine, machine_id) = &made[name];
        match words {
            "boots" => {
                windows.remove(name);
                machine.with_namespaces(Namespaces::reboot);
            }
            "is-rebuilt" => {
                windows.remove(name);
                machine.isolate(machine_id, true).expect("it was possible before");
            }
            "witness" => drop(machine.witness()),
            "agent dies" => windows.get_mut(name).map(|window: &mut Window<'_>| window.process.kill()).expect(line),
            "is-cut-off" => machine.proxy.refuse(true),
            "is-back" => {
                machine.proxy.refuse(false);
                end_outage(machine);
            }
            "starts" => {
                choose_pid(machine);
                windows.insert(name, owner(machine));
            }
            "opens" => drop(windows.insert(name, open(machine))),
            _ if words.starts_with("resumes") => {
                windows.insert(name, open(machine));
                let told = event(windows.get_mut(name).expect(line), "SessionStart", &json!({"source": "resume"}));
                says(line, words, &told);
            }
            _ if words.starts_with("prompts") => {
                let window = windows.get_mut(name).expect(line);
                says(line, words, &event(window, "UserPromptSubmit", &json!({"prompt": "words"})));
            }
            _ if words.starts_with("owns ") => {
                let window = &windows[name];
                let has_pid =
                    !machine.with_namespaces(Namespaces::has_own_processes) || window.process.pid() == AGENT_PID;
                assert!(has_pid, "every machine has an agent with this pid");
                owns(&fleet, line, machine, window, words["owns ".len()..].parse().expect(line));
            }
            _ => command(line, machine, windows.get_mut(name), words),
        }
    }
    drop(windows);
    finish(&fleet, made.values().map(|(machine, _)| machine));
}

fn open(machine: &Machine) -> Window<'_> {
    choose_pid(machine);
    Window::open(&machine.scratch, Agent::Claude, "%1")
}

/// Lets the next agent have the pid that every agent has.
fn choose_pid(machine: &Machine) {
    machine.with_namespaces(|namespaces| namespaces.next_pid(&machine.scratch, AGENT_PID));
}

/// Checks what an event told the user, if the line says that.
fn says(line: &str, words: &str, told: &str) {
    match words.split_once(" > ") {
        Some((_, "nothing")) => assert_eq!(told, "", "{line}"),
        Some((_, text)) => assert!(told.contains(text), "{line}: {told}"),
        None => {}
    }
}

/// Runs a command of the agent or of the user, and checks its exit status.
fn command(line: &str, machine: &Machine, window: Option<&mut Window<'_>>, words: &str) {
    let (words, code) = words.rsplit_once(" = ").expect(line);
    let (by, words) = words.split_once(' ').expect(line);
    let run = machine.scratch.state().runs().first().map(|run| run.record.id.to_string()).unwrap_or_default();
    let words: Vec<&str> = words.split(' ').map(|word| if word == "RUN" { &run } else { word }).collect();
    let (ended, said) = match by {
        "baton" => {
            let ended = window.expect(line).baton("s1", &words);
            (ended.code, ended.stdout + &ended.stderr)
        }
        "user" => {
            let ended = machine.baton(words);
            (ended.code, ended.stdout + &ended.stderr)
        }
        _ => panic!("{line}: no such verb"),
    };
    assert_eq!(ended.map(|code| code.to_string()).as_deref(), Some(code), "{line}: {said}");
}

/// Checks that a machine's agent owns the run: in the row, in its state directory, and by its own command.
fn owns(fleet: &Fleet, line: &str, machine: &Machine, window: &Window<'_>, fence: u64) {
    let row = fleet.sql("select owner_machine, fence, record#>>'{owner,process,pid}' from baton.run");
    assert_eq!(row, format!("{}|{fence}|{}", machine.id(), window.process.pid()), "{line}");
    let listed = machine.baton(["run", "list", "--json"]).json();
    let run = &listed["runs"][0];
    let listed = (&run["fence"], &run["owner"]["process"]["pid"], &run["fleet"]["machine"]);
    assert_eq!(listed, (&json!(fence), &json!(window.process.pid()), &json!(machine.id())), "{line}");
}

/// Sends a prompt from every agent at once, and checks that one of them owns the run with this fence.
fn race<'a, 'b: 'a>(fleet: &Fleet, fence: &str, windows: impl Iterator<Item = &'a mut Window<'b>>) {
    let verified = std::thread::scope(|scope| {
        let threads = windows.map(|window| {
            scope.spawn(move || {
                event(window, "UserPromptSubmit", &json!({"prompt": "words"}));
                window.baton("s1", &["run", "verify", "demo", "--fence", fence]).code
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let winners = verified.iter().filter(|code| **code == Some(0)).count();
    assert_eq!((winners, fleet.sql("select fence from baton.run").as_str()), (1, fence), "{verified:?}");
}

/// Checks at the end of a scene that every copy equals the row, and that every state directory is in order.
fn finish<'a>(fleet: &Fleet, machines: impl Iterator<Item = &'a Machine> + Clone) {
    machines.clone().for_each(|machine| drop(machine.witness()));
    let row = fleet.sql("select fence, status, revision from baton.run");
    for machine in machines {
        machine.witness();
        machine.scratch.state().check_records();
        for run in machine.baton(["run", "list", "--all", "--json"]).json()["runs"].as_array().unwrap() {
            let revision = &run["fleet"]["revision"];
            let copy = format!("{}|{}|{revision}", run["fence"], run["status"].as_str().unwrap_or_default());
            assert_eq!(copy, row);
        }
        // Its status is that of all checks together, and nothing is installed here.
        let report: Value = serde_json::from_str(&machine.baton(["doctor", "--json"]).stdout).unwrap();
        let is_bad = |finding: &&Value| {
            finding["level"] == "problem"
                && ["fleet", "state", "records"].iter().any(|check| finding["check"] == *check)
        };
        let bad: Vec<_> = report.as_array().unwrap().iter().filter(is_bad).collect();
        assert_eq!(bad, Vec::<&Value>::new());
    }
}
