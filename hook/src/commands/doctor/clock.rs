//! Whether the clock agrees with the records.

use agent_baton_core::decision::Shelf;

use super::finding::Finding;
use super::patient::Patient;
use crate::words;

/// The first moment of 2024, in milliseconds since 1970: baton is younger.
const YOUNGEST: u64 = 1_704_067_200_000;

/// By how much clocks differ without harm, in milliseconds.
const SLACK: u64 = 60_000;

pub fn check(patient: &Patient) -> Vec<Finding> {
    if patient.now.unix_ms < YOUNGEST {
        return vec![Finding::problem(
            "clock",
            format!("it is said to be {}", words::instant(&patient.now)),
            "set the clock",
        )];
    }
    let Some(store) = &patient.store else { return Vec::new() };
    let ids = store.sessions(Shelf::Live).unwrap_or_default();
    let ahead = ids.iter().filter_map(|id| store.read(|view| view.session(id).record().cloned()).ok().flatten());
    let ahead = ahead.filter(|session| session.updated.unix_ms > patient.now.unix_ms + SLACK).count();
    vec![match ahead {
        0 => Finding::ok("clock", words::instant(&patient.now)),
        some => Finding::note(
            "clock",
            format!("{some} sessions are from the future: the clock was set back; their age counts from now"),
        ),
    }]
}
