use std::cell::Cell;

use agent_baton_core::agent::Agent;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::Ended;

use super::*;
use baton_store::fixtures;
use baton_system::ProcessLookup;
use baton_system::fake_system::{FakeSystem, agent, current_process};

/// Returns two sessions with a record, and one participant without.
fn participants() -> Participants {
    let named = |name: &str, pid| Named { id: name.to_owned(), reading: Reading::Live(fixtures::session(name, pid)) };
    Participants {
        snapshot: Snapshot { neighbours: vec![named("a", 1), named("b", 2)], ..Snapshot::default() },
        participants: vec![participant(1), participant(3)],
    }
}

fn participant(pid: u32) -> Participant {
    Participant {
        session: fixtures::id(if pid == 1 { "a" } else { "c" }),
        agent: Agent::Claude,
        process: fixtures::process(pid),
    }
}

/// Probes the participants two times. `closed` says whether their processes are gone by then, `expected` is the verdict
/// after each probe, and `process_lookups` is the number of lookups in the second one.
fn check(participants: &Participants, closed: [bool; 2], expected: [Live; 2], process_lookups: u32) {
    let gone = Cell::new(false);
    let office = FakeSystem::new(|pid| if gone.get() { ProcessLookup::Gone } else { agent(pid, false) });
    let (here, none): (_, &[(&str, &str)]) = (current_process(), &[]);
    let inspector = AgentInspector::new(&office, &none, &here);
    let mut cache = ProbeCache::default();
    for (closed, live) in closed.into_iter().zip(expected) {
        gone.set(closed);
        office.process_lookups.set(0);
        cache = participants.probe(&inspector, cache);
        assert_eq!(participants.any_live(&cache, &here.place), live);
    }
    assert_eq!(office.process_lookups.get(), process_lookups, "at the second time");
}

#[test]
fn an_end_is_seen_once_and_a_life_is_looked_at_anew() {
    let all = participants();
    check(&all, [false, false], [Live::Yes, Live::Yes], 4);
    check(&all, [false, true], [Live::Yes, Live::No], 4);
    check(&all, [true, true], [Live::No, Live::No], 0);
}

#[test]
fn all_ended_says_when_the_last_one_did() {
    let mut participants = participants();
    assert_eq!(participants.all_ended_ms(), None);
    participants.participants.pop();
    assert_eq!(participants.all_ended_ms(), None, "it is not known to have ended");
    let Reading::Live(session) = &mut participants.snapshot.neighbours[0].reading else { panic!("a record") };
    session.launches[0].ended = Some(Ended { at: fixtures::stamp(7), reason: Reason::Ended });
    assert_eq!(participants.all_ended_ms(), Some(fixtures::stamp(7).unix_ms + END_TIME_PRECISION_MS));
    participants.participants.push(participant(3));
    assert_eq!(participants.all_ended_ms(), None, "nobody knows when the other one left");
}
