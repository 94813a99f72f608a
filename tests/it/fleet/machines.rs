//! Machines that share nothing but the database: each has mounts, processes, a network, a machine id and boot ids of its own.
//!
//! A scene is a list of lines, `MACHINE VERB WORDS`, that are played in turn. A machine is made by the first line that names it.
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
//! | `owns FENCE` | The row and both copies say so: this machine, its agent's process, this fence. |
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

/// Plays a scene on machines with these names and machine ids.
fn check(machines: &[(&str, &str)], lines: &[&str]) {
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
        let doctor = machine.baton(["doctor", "--json"]);
        let report: Value = serde_json::from_str(&doctor.stdout).unwrap_or_else(|error| panic!("{error}: {doctor:?}"));
        assert!(!report.to_string().contains("copy of another"), "{report}");
    }
}

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const C: &str = "cccccccccccccccccccccccccccccccc";

/// The machine id of machines that were made from one image. They have the same number for their pid namespace, too, as real machines
/// have.
const CLONE: &str = "dddddddddddddddddddddddddddddddd";

#[test]
fn a_session_is_handed_over_and_the_old_owner_is_refused() {
    check(
        &[("laptop", A), ("desktop", B)],
        &[
            "laptop starts",
            "laptop owns 1",
            "laptop user handoff s1 = 0",
            "laptop baton run verify demo --fence 1 = 3",
            "laptop prompts > stopped here",
            "desktop user pickup s1 = 0",
            "desktop resumes",
            "desktop prompts",
            "desktop owns 3",
            "laptop baton run verify demo --fence 1 = 3",
            "laptop baton run update demo --phase late = 3",
            "laptop prompts > nother machine",
            "desktop baton run verify demo --fence 3 = 0",
            "laptop user handoff s1 --cancel = 3",
        ],
    );
}

#[test]
fn the_run_of_a_machine_that_is_gone_waits_for_a_user() {
    check(
        &[("laptop", A), ("desktop", B)],
        &[
            "laptop starts",
            "laptop agent dies",
            "laptop is-cut-off",
            "desktop resumes > nother machine",
            "desktop baton run verify demo = 3",
            "leases end",
            // Its witness asks for no run, and without a user nobody takes one.
            "desktop witness",
            "desktop baton run verify demo = 3",
            "desktop prompts",
            "desktop owns 2",
            "laptop is-back",
        ],
    );
}

#[test]
fn a_machine_that_booted_again_proves_that_its_agents_ended() {
    check(
        &[("laptop", A), ("desktop", B)],
        &[
            "laptop starts",
            "desktop resumes > nother machine",
            "laptop boots",
            "laptop witness",
            "desktop prompts",
            "desktop owns 2",
            "laptop resumes > nother machine",
            "laptop baton run verify demo = 3",
        ],
    );
}

#[test]
fn the_first_event_after_a_boot_takes_the_run_back() {
    check(
        &[("laptop", A), ("desktop", B)],
        &["laptop starts", "laptop boots", "laptop resumes", "laptop prompts", "laptop owns 2"],
    );
}

#[test]
fn a_machine_that_was_killed_proves_nothing_until_it_is_back() {
    check(
        &[("laptop", A), ("desktop", B)],
        &[
            "laptop starts",
            "desktop resumes > nother machine",
            "laptop boots",
            "laptop is-cut-off",
            "desktop prompts",
            "desktop baton run verify demo = 3",
            "laptop is-back",
            "laptop witness",
            "desktop prompts",
            "desktop owns 2",
        ],
    );
}

#[test]
fn a_cloned_image_with_the_same_machine_id_proves_nothing() {
    check(
        &[("original", CLONE), ("clone", CLONE)],
        &[
            "original starts",
            "clone resumes > nother machine",
            "clone witness",
            "clone prompts",
            "clone baton run verify demo = 3",
            "original owns 1",
            "clone boots",
            "clone witness",
            "clone resumes > nother machine",
            "original owns 1",
            "original baton run verify demo --fence 1 = 0",
            "leases end",
            "clone prompts",
            "clone owns 2",
            "original prompts > nother machine",
        ],
    );
}

#[test]
fn a_container_that_was_made_again_waits_for_the_lease() {
    check(
        &[("container", A), ("desktop", B)],
        &[
            "container starts",
            "container is-rebuilt",
            "container resumes",
            "container baton run verify demo = 3",
            "container witness",
            "desktop resumes > nother machine",
            "desktop baton run verify demo = 3",
            "leases end",
            "container prompts",
            "container owns 2",
            "desktop prompts",
            "desktop baton run verify demo = 3",
        ],
    );
}

#[test]
fn a_container_beside_the_owner_with_the_same_machine_id_takes_nothing() {
    check(
        &[("host", A), ("container", A)],
        &[
            "host starts",
            "container resumes > nother machine",
            "container witness",
            "container boots",
            "container witness",
            "container resumes > nother machine",
            "host owns 1",
            "host agent dies",
            "host witness",
            "container prompts",
            "container owns 2",
        ],
    );
}

#[test]
fn a_machine_that_is_cut_off_keeps_its_run_until_it_is_taken() {
    check(
        &[("laptop", A), ("desktop", B)],
        &[
            "laptop starts",
            "desktop resumes > nother machine",
            "laptop is-cut-off",
            "laptop baton run verify demo --fence 1 = 0",
            "desktop baton run adopt RUN = 3",
            "desktop baton run adopt RUN --take = 0",
            "desktop owns 2",
            "laptop is-back",
            "laptop witness",
            "laptop baton run verify demo --fence 1 = 3",
            "laptop prompts > nother machine",
        ],
    );
}

#[test]
fn a_race_for_a_run_has_one_winner() {
    check(
        &[("laptop", A), ("desktop", B), ("server", C)],
        &[
            "laptop starts",
            "desktop resumes",
            "server resumes",
            "laptop agent dies",
            "laptop witness",
            "laptop opens",
            "race to 2",
        ],
    );
}

#[test]
fn three_machines_take_a_run_in_turn() {
    check(
        &[("laptop", A), ("desktop", B), ("server", C)],
        &[
            "laptop starts",
            "desktop resumes > nother machine",
            "server resumes > nother machine",
            "laptop agent dies",
            "laptop resumes",
            "laptop owns 2",
            "desktop boots",
            "desktop resumes",
            "leases end",
            "server prompts",
            "server owns 3",
            "laptop prompts > nother machine",
            "laptop baton run adopt RUN --take = 0",
            "laptop owns 4",
            "laptop user run cancel demo = 0",
            "server baton run verify demo = 3",
        ],
    );
}
