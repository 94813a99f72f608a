use std::cell::Cell;

use agent_baton_core::agent::Agent;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::End;
use agent_baton_core::stamp::Stamp;

use super::*;
use crate::machine::locks::Locks;
use crate::machine::stat::Stat;
use crate::machine::{Here, Look, MachineError};
use crate::store::sample;

/// Every process runs until none does. Counts its looks.
#[derive(Default)]
struct Office {
    closed: Cell<bool>,
    looks: Cell<u32>,
}

impl Machine for Office {
    fn here(&self) -> Result<Here, MachineError> {
        Ok(Here { place: sample::place(), start: 1, start_ms: 10, parent: 1 })
    }
    fn now(&self, _: &Place) -> Stamp {
        sample::stamp(0)
    }
    fn look(&self, pid: u32) -> Look {
        self.looks.set(self.looks.get() + 1);
        let start = sample::process(pid).start;
        let stat = Stat { pid, comm: "claude".into(), ended: false, parent: 1, tty: 0, start };
        if self.closed.get() { Look::Gone } else { Look::Found(stat) }
    }
    fn arguments(&self, _: u32) -> Option<Vec<Vec<u8>>> {
        None
    }
    fn variable(&self, _pid: u32, _name: &str) -> Option<String> {
        None
    }
    fn locks(&self) -> Option<Locks> {
        Some(Locks::default())
    }
}

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
    let (office, none): (_, &[(&str, &str)]) = (Office::default(), &[]);
    let here = office.here().unwrap();
    let witness = Witness::new(&office, &none, &here);
    let mut sights = Sights::default();
    for (closed, live) in closed.into_iter().zip(expected) {
        office.closed.set(closed);
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
