use std::cell::Cell;

use agent_baton_core::agent::Agent;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::End;

use super::*;
use crate::machine::Look;
use crate::machine::sample::{Staged, agent, here};
use crate::store::sample;

/// Two sessions with a record, and one that came in and has none.
fn company() -> Company {
    let named = |name: &str, pid| Named { id: name.to_owned(), reading: Reading::Live(sample::session(name, pid)) };
    Company {
        snapshot: Snapshot { neighbours: vec![named("a", 1), named("b", 2)], ..Snapshot::default() },
        present: vec![presence(1), presence(3)],
    }
}

fn presence(pid: u32) -> Presence {
    Presence {
        session: sample::id(if pid == 1 { "a" } else { "c" }),
        agent: Agent::Claude,
        process: sample::process(pid),
    }
}

/// What is known of the company when it is looked at while it is there, or gone, and once more in the end.
fn check(company: &Company, closed: [bool; 2], expected: [Live; 2], looks: u32) {
    let gone = Cell::new(false);
    let office = Staged::new(|pid| if gone.get() { Look::Gone } else { agent(pid, false) });
    let (here, none): (_, &[(&str, &str)]) = (here(), &[]);
    let witness = Witness::new(&office, &none, &here);
    let mut sights = Sights::default();
    for (closed, live) in closed.into_iter().zip(expected) {
        gone.set(closed);
        office.looks.set(0);
        sights = company.look(&witness, &office, &here.place, sights);
        assert_eq!(company.anyone(&sights, &here.place), live);
    }
    assert_eq!(office.looks.get(), looks, "at the second time");
}

#[test]
fn an_end_is_seen_once_and_a_life_is_looked_at_anew() {
    let all = company();
    check(&all, [false, false], [Live::Yes, Live::Yes], 4);
    check(&all, [false, true], [Live::Yes, Live::No], 4);
    check(&all, [true, true], [Live::No, Live::No], 0);
}

#[test]
fn all_ended_says_when_the_last_one_did() {
    let mut company = company();
    assert_eq!(company.all_ended_ms(), None);
    company.present.pop();
    assert_eq!(company.all_ended_ms(), None, "it is not known to have ended");
    let Reading::Live(session) = &mut company.snapshot.neighbours[0].reading else { panic!("a record") };
    session.launches[0].ended = Some(End { at: sample::stamp(7), reason: Reason::Ended });
    assert_eq!(company.all_ended_ms(), Some(sample::stamp(7).unix_ms + END_IS_KNOWN_TO_MS));
    company.present.push(presence(3));
    assert_eq!(company.all_ended_ms(), None, "nobody knows when the other one left");
}
