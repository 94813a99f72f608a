//! The database does not answer, or its answer is lost.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use baton_test_postgres::Fault;
use baton_test_postgres::fleet::Fleet;

use super::{end_outage, owned, owner, prompt, resume};

#[test]
fn an_owner_goes_on_without_the_database_while_its_lease_lasts_and_not_longer() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    a.proxy.refuse(true);
    let updated = window.baton("s1", &["run", "update", "demo", "--phase", "second"]);
    assert_eq!(updated.code, Some(0), "{updated:?}");
    assert_eq!(a.run().phase.as_deref(), Some("second"));
    // What others must see first does not happen.
    for words in [&["run", "finish", "demo"][..], &["run", "cancel", "demo"], &["run", "pause", "demo"]] {
        let refused = window.baton("s1", words);
        assert_eq!(refused.code, Some(3), "{refused:?}");
        assert!(a.run().status.is_unfinished());
    }
    std::fs::remove_file(a.scratch.state_dir().join("fleet/leases.json")).unwrap();
    let refused = window.baton("s1", &["run", "verify", "demo", "--fence", "1"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let refused = window.baton("s1", &["run", "update", "demo", "--phase", "third"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    a.proxy.refuse(false);
    let finished = window.baton("s1", &["run", "finish", "demo"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(fleet.sql("select status from baton.run").trim(), "done");
}

#[test]
fn a_session_that_begins_during_an_outage_finds_its_run_at_its_next_event() {
    let Some(fleet) = Fleet::new() else { return };
    for hangs in [false, true] {
        let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
        drop(owner(&a));
        a.witness();
        // Its rows are fresh, and older than the run of the session, or it has none.
        if hangs {
            b.remove_fleet_file("rows.json");
        }
        let cut = |is_cut| if hangs { b.proxy.partition(is_cut) } else { b.proxy.refuse(is_cut) };
        cut(true);
        let mut second = Window::open(&b.scratch, Agent::Claude, "%2");
        resume(&mut second);
        assert!(b.scratch.state().runs().is_empty());
        cut(false);
        end_outage(&b);
        let told = prompt(&mut second);
        assert!(!b.scratch.state().runs().is_empty(), "{hangs}: {told} {}", b.fleet_file("unasked.json"));
        assert_eq!(owned(&b, &second), (2, true), "{told}");
        let before = b.proxy.connections();
        let ended = second.baton("s1", &["run", "finish", "demo"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(b.proxy.connections(), before + 1);
        assert!(b.fleet_file("unasked.json").is_null());
    }
}

#[test]
fn what_the_old_owner_did_without_the_database_is_named_when_it_is_dropped() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let mut first = owner(&a);
    a.proxy.refuse(true);
    let words = ["run", "update", "demo", "--iteration", "3", "--phase", "tests"];
    let updated = first.baton("s1", &words);
    assert_eq!(updated.code, Some(0), "{updated:?}");
    fleet.end_leases();
    let mut second = Window::open(&b.scratch, Agent::Claude, "%2");
    resume(&mut second);
    prompt(&mut second);
    assert_eq!(owned(&b, &second), (2, true));
    // The new owner gets as far, which makes up for nothing.
    let updated = second.baton("s1", &words[..5]);
    assert_eq!(updated.code, Some(0), "{updated:?}");
    a.proxy.refuse(false);
    let told = prompt(&mut first);
    assert!(told.contains("3 iterations (1 to 3)") && told.contains("the phase \\\"tests\\\""), "{told}");
}

#[test]
fn a_commit_whose_answer_is_lost_counts_once() {
    let Some(fleet) = Fleet::new() else { return };
    for fault in [Fault::LoseStatement, Fault::LoseAnswer] {
        let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
        let first = owner(&a);
        drop(first);
        a.witness();
        let mut second = Window::open(&b.scratch, Agent::Claude, "%2");
        b.proxy.after(1, fault);
        resume(&mut second);
        // On a busy machine, the fault may have lasted so long that it counts as an outage.
        end_outage(&b);
        prompt(&mut second);
        assert_eq!(owned(&b, &second), (2, true), "{fault:?}");
        assert_eq!(fleet.sql("select fence from baton.run where status = 'active'").trim(), "2");
        let finished = second.baton("s1", &["run", "finish", "demo"]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
}

#[test]
fn nobody_is_told_that_a_commit_failed_whose_answer_was_lost() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    assert_eq!(window.baton("s1", &["run", "finish", "demo"]).code, Some(0));
    let steps: [(&[&str], &str, i32); 4] = [
        (&["run", "start", "late", "--fleet"], "active", 3),
        (&["run", "update", "late", "--phase", "second"], "active", 0),
        (&["run", "pause", "late"], "paused", 0),
        (&["run", "cancel", "late"], "cancelled", 3),
    ];
    for (words, status, again) in steps {
        // A command reads and commits.
        a.proxy.after(1, Fault::LoseAnswer);
        let told = window.baton("s1", words);
        assert_eq!(told.code, Some(5), "{told:?}");
        assert!(told.stderr.contains("nobody knows yet") && !told.stderr.contains("nothing was"), "{told:?}");
        assert_eq!(fleet.sql("select status from baton.run where name = 'late'").trim(), status);
        let found_out = window.baton("s1", words);
        assert_eq!(found_out.code, Some(again), "{found_out:?}");
        assert_eq!(a.fleet_file("marker.json"), serde_json::json!(null));
    }
}

#[test]
fn a_configuration_that_cannot_be_used_takes_no_lease_away() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    a.configure("password_file = \"relative\"\n");
    for words in [&["run", "verify", "demo", "--fence", "1"][..], &["run", "update", "demo", "--phase", "second"]] {
        let done = window.baton("s1", words);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.stderr.contains("password_file") && !done.stderr.contains("no database"), "{done:?}");
    }
    let refused = window.baton("s1", &["run", "cancel", "demo"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(a.baton(["fleet", "status"]).stdout.contains("LEASE OF RUN"));
    assert_eq!(a.run().phase.as_deref(), Some("second"));
}
