//! The database hangs, or its server is killed: an event ends, and the next ones do not wait.

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use baton_test_postgres::Fault;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use super::{end_outage, owned, owner, prompt, resume};

/// Returns how many connections something makes.
fn connections(machine: &Machine, something: impl FnOnce()) -> u64 {
    let before = machine.proxy.connections();
    something();
    machine.proxy.connections() - before
}

#[test]
fn one_event_waits_for_a_database_that_hangs_and_the_next_ones_do_not() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    let run = a.run();
    a.proxy.partition(true);
    assert_eq!(connections(&a, || drop(prompt(&mut window))), 1);
    assert_eq!(a.run(), run);
    for event in ["Stop", "UserPromptSubmit", "PreCompact", "SessionStart", "Notification"] {
        let fields = json!({"prompt": event, "source": "compact", "trigger": "auto", "message": "words"});
        let skipped = connections(&a, || {
            let ended = window.hook(event, "s1", &fields);
            assert_eq!(ended.code, Some(0), "{ended:?}");
        });
        assert_eq!(skipped, 0, "{event}");
    }
    assert_eq!(a.run(), run);

    // A run that is not the fleet's goes on.
    let mut local = Window::open(&a.scratch, Agent::Codex, "%2");
    for (event, fields) in [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"}))] {
        let works = connections(&a, || {
            let ended = local.hook(event, "s2", &fields);
            assert_eq!(ended.code, Some(0), "{ended:?}");
        });
        assert_eq!(works, 0, "{event}");
    }
    for words in ["run start local", "run update local --phase x", "run finish local"] {
        let works = connections(&a, || {
            let ended = local.baton("s2", &words.split(' ').collect::<Vec<_>>());
            assert_eq!(ended.code, Some(0), "{ended:?}");
        });
        assert_eq!(works, 0, "{words}");
    }

    // The note ends: the next event asks, waits and writes another note.
    end_outage(&a);
    assert_eq!(connections(&a, || drop(prompt(&mut window))), 1);
    assert_eq!(connections(&a, || drop(prompt(&mut window))), 0);

    // A command asks in spite of the note, and its answer ends the note.
    a.proxy.partition(false);
    assert_eq!(connections(&a, || drop(prompt(&mut window))), 0);
    let asked = connections(&a, || {
        let updated = window.baton("s1", &["run", "update", "demo", "--phase", "second"]);
        assert_eq!(updated.code, Some(0), "{updated:?}");
    });
    assert_eq!((asked, a.fleet_file("outage.json")), (1, json!(null)));
    assert_eq!(connections(&a, || drop(prompt(&mut window))), 1);
    let row = fleet.sql("select fence, record->>'phase' from baton.run");
    assert_eq!(row.trim(), "1|second");
}

#[test]
fn an_event_asks_again_when_the_note_about_the_outage_has_ended() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    a.proxy.partition(true);
    prompt(&mut window);
    a.proxy.partition(false);
    end_outage(&a);
    assert_eq!(connections(&a, || drop(prompt(&mut window))), 1);
    assert_eq!(a.fleet_file("outage.json"), json!(null));
}

#[test]
fn a_server_that_is_killed_during_a_takeover_leaves_one_owner() {
    let Some(fleet) = Fleet::alone() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    drop(owner(&a));
    a.witness();
    fleet.back_up();
    let state = b.scratch.state();
    for fault in [Fault::DelayStatement, Fault::DelayAnswer] {
        for statement in 0..2 {
            fleet.restore();
            state.put_back(&b.scratch.state_dir());
            let mut second = Window::open(&b.scratch, Agent::Claude, "%2");
            b.proxy.after(statement, fault);
            std::thread::scope(|scope| {
                let event = scope.spawn(|| resume(&mut second));
                b.proxy.wait_until_delayed();
                fleet.server().kill();
                b.proxy.release();
                event.join().unwrap();
            });
            fleet.server().restart();
            end_outage(&b);
            // The session has been here before, so only the witness finds its run.
            b.witness();
            let told = resume(&mut second) + &prompt(&mut second);
            assert_eq!(owned(&b, &second), (2, true), "{fault:?} {statement}: {told}");
            assert_eq!(fleet.sql("select fence, status from baton.run").trim(), "2|active");
            assert_eq!(b.fleet_file("marker.json"), json!(null));
            b.scratch.state().check_records();
        }
    }
}
