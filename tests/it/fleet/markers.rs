//! The marker of a commit that is under way, when other calls of the same machine come in between.

use agent_baton_core::agent::Agent;
use agent_baton_core::run::Status;
use agent_baton_tests::Window;
use baton_test_postgres::Fault;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use super::owner;

/// A machine on which two sessions each own a run of the fleet: s1 owns `demo`, and s2 owns `other`.
struct Owners<'a> {
    machine: &'a Machine,
    first: Window<'a>,
    second: Window<'a>,
}

impl<'a> Owners<'a> {
    fn on(machine: &'a Machine) -> Self {
        let first = owner(machine);
        std::fs::write(machine.scratch.home().join("work/s1.jsonl"), "{\"type\":\"user\"}\n").unwrap();
        let mut second = Window::open(&machine.scratch, Agent::Claude, "%2");
        for (event, fields) in [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"}))] {
            assert_eq!(second.hook(event, "s2", &fields).code, Some(0));
        }
        let started = second.baton("s2", &["run", "start", "other", "--fleet"]);
        assert_eq!(started.code, Some(0), "{started:?}");
        Self { machine, first, second }
    }

    /// Hands s1 over. Cancels `other` while an answer to the handoff is late, and loses the answer to the cancel's commit.
    fn hand_over_and_cancel(&mut self, late: u64, lost: u64) {
        let (machine, second) = (self.machine, &mut self.second);
        machine.proxy.after(late, Fault::DelayAnswer);
        std::thread::scope(|scope| {
            let handoff = scope.spawn(|| machine.baton(["handoff", "s1"]));
            machine.proxy.wait_until_delayed();
            machine.proxy.after(lost, Fault::LoseAnswer);
            let cancelled = second.baton("s2", &["run", "cancel", "other"]);
            assert_ne!(cancelled.code, Some(0), "{cancelled:?}");
            machine.proxy.release();
            handoff.join().unwrap();
        });
    }

    /// Checks that the run `other`, which is cancelled in the database, does not go on if the database cannot be asked.
    fn check_cancelled(&mut self, fleet: &Fleet) {
        assert_eq!(fleet.sql("select status from baton.run where name = 'other'").trim(), "cancelled");
        self.machine.proxy.refuse(true);
        for words in [&["run", "verify", "other", "--fence", "1"][..], &["run", "update", "other", "--phase", "x"]] {
            let refused = self.second.baton("s2", words);
            assert_eq!(refused.code, Some(3), "{refused:?}");
        }
        self.machine.proxy.refuse(false);
        self.machine.witness();
        let runs = self.machine.scratch.state().runs();
        let other = runs.iter().find(|run| run.record.name.as_str() == "other").unwrap();
        assert_eq!(other.record.status, Status::Cancelled);
    }
}

#[test]
fn a_handoff_does_not_remove_the_marker_of_another_call() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut owners = Owners::on(&a);
    // The handoff reads, stores one part, reads, commits, and reads again. The cancel reads, looks the handoff's commit up, reads
    // again and commits.
    owners.hand_over_and_cancel(4, 3);
    owners.check_cancelled(&fleet);
}

#[test]
fn a_handoff_does_not_overwrite_the_marker_of_another_call() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut owners = Owners::on(&a);
    // A commit that was never sent.
    let commit = "0123456789abcdef0123456789abcdef";
    a.write_fleet_file("marker.json", &json!({"commit": commit, "runs": [a.run_named("demo").id]}));
    // The handoff reads, stores one part, reads, looks that commit up, and reads its runs. The cancel reads and commits.
    owners.hand_over_and_cancel(4, 1);
    owners.check_cancelled(&fleet);
    assert_eq!(a.run_named("demo").fleet.unwrap().machine, None);
}

#[test]
fn no_lease_is_left_of_a_handoff_that_was_killed_and_that_another_session_finds() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let Owners { mut first, mut second, .. } = Owners::on(&a);
    let before = a.scratch.state();
    assert_eq!(a.baton(["handoff", "s1"]).code, Some(0));
    // As if it had been killed after its commit.
    before.put_back(&a.scratch.state_dir());
    let commit = fleet.sql("select commit_id from baton.change where reason = 'handed_over'");
    a.write_fleet_file("marker.json", &json!({"commit": commit.trim(), "runs": [a.run_named("demo").id]}));

    let updated = second.baton("s2", &["run", "update", "other", "--phase", "x"]);
    assert_eq!(updated.code, Some(0), "{updated:?}");
    assert_eq!(a.fleet_file("marker.json"), json!(null));
    a.proxy.refuse(true);
    let refused = first.baton("s1", &["run", "verify", "demo", "--fence", "1"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
}
