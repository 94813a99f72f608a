//! Many processes on two machines resume one session at once.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use baton_test_postgres::fleet::Fleet;
use serde_json::json;

use super::{owner, prompt};

/// How many processes there are on each machine.
const PROCESSES: usize = 16;

#[test]
fn one_of_many_resumes_on_two_machines_gets_the_run() {
    let Some(fleet) = Fleet::alone() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    drop(owner(&a));
    a.witness();
    let open = |n: usize| {
        let machine = if n.is_multiple_of(2) { &a } else { &b };
        Window::open(&machine.scratch, Agent::Claude, &format!("%{}", n + 10))
    };
    let mut windows: Vec<_> = (0..2 * PROCESSES).map(open).collect();
    let mut said: Vec<String> = std::thread::scope(|scope| {
        let starts: Vec<_> = windows
            .iter_mut()
            .map(|window| {
                scope.spawn(|| {
                    let ended = window.hook("SessionStart", "s1", &json!({"source": "resume"}));
                    assert_eq!(ended.code, Some(0), "{ended:?}");
                    ended.stdout
                })
            })
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    // Events that did not get the lock in time wait in the inbox.
    for machine in [&a, &b] {
        machine.witness();
    }
    for (window, said) in windows[..2].iter_mut().zip(&mut said) {
        for _ in 0..PROCESSES {
            said.push_str(&prompt(window));
            if !window.scratch().has_inbox() {
                break;
            }
        }
    }
    for machine in [&a, &b] {
        machine.witness();
    }
    let row =
        fleet.sql("select fence, jsonb_array_length(record->'history'), record#>>'{owner,process,pid}' from baton.run");
    let fields: Vec<u32> = row.trim().split('|').map(|field| field.parse().unwrap()).collect();
    let [fence, transfers, pid] = fields[..] else { panic!("{row}") };
    assert_eq!(fence, transfers + 1, "{row}");
    assert!(transfers >= 1, "{row}");
    for machine in [&a, &b] {
        let run = machine.run();
        assert_eq!((run.fence.0, run.owner.process.pid), (u64::from(fence), pid));
    }
    let owners: Vec<_> = windows.iter_mut().filter(|window| window.process.pid() == pid).collect();
    assert_eq!(owners.len(), 1, "{row}");
    let here = owners[0].scratch().root().to_owned();
    // Whoever did not get the run, or had it for a moment, is told at its start or at its next prompt.
    for (window, mut said) in windows.iter_mut().zip(said).filter(|(window, _)| window.process.pid() != pid) {
        said.push_str(&prompt(window));
        let is_told = ["stays with", "was stopped here"].iter().any(|words| said.contains(words));
        assert!(is_told, "{} of {}: {said}", window.process.pid(), window.scratch().root().display());
    }
    let after = fleet.sql("select fence from baton.run");
    assert_eq!(after.trim(), fence.to_string(), "no prompt took the run");
    for window in windows.iter_mut().filter(|window| window.scratch().root() != here) {
        let verified = window.baton("s1", &["run", "verify", "demo", "--fence", &fence.to_string()]);
        assert_eq!(verified.code, Some(3), "on the other machine: {verified:?}");
    }
}
