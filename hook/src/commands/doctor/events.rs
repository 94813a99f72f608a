//! When each agent last called, and how long a call takes here.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Shelf;
use agent_baton_core::stamp::Stamp;

use super::finding::Finding;
use super::patient::Patient;
use crate::agents::row;
use crate::words;

pub fn check(patient: &Patient) -> Vec<Finding> {
    let mut findings: Vec<Finding> = patient.agents().iter().map(|(agent, _)| last(patient, *agent)).collect();
    findings.extend(duration());
    findings
}

fn last(patient: &Patient, agent: Agent) -> Finding {
    let name = row(agent).comm;
    match patient.store.as_ref().and_then(|store| newest(store, agent)) {
        Some(at) => Finding::ok(
            "events",
            format!("{name}: last called {} ({})", words::local(&at, &patient.now), ago(&at, &patient.now)),
        ),
        None => {
            Finding::note("events", format!("{name}: has not called yet; it does at the first prompt of a new session"))
        }
    }
}

fn ago(at: &Stamp, now: &Stamp) -> String {
    match words::age(at.age_ms(now)) {
        age if age == "just now" => age,
        age => format!("{age} ago"),
    }
}

/// A session's newest sign of life: its record, or the last line of its log.
fn newest(store: &crate::store::Store, agent: Agent) -> Option<Stamp> {
    let mut newest: Option<Stamp> = None;
    for shelf in [Shelf::Live, Shelf::Archive] {
        for id in store.sessions(shelf).ok()? {
            let Ok(Some(session)) = store.read(|view| view.session(&id).record().cloned()) else { continue };
            let beat = store
                .tail(&id, crate::store::RECENT)
                .ok()
                .and_then(|tail| tail.beats().last().map(|beat| beat.at.clone()));
            for at in std::iter::once(session.updated).chain(beat).filter(|_| session.agent == agent) {
                if newest.as_ref().is_none_or(|than| at.is_after(than)) {
                    newest = Some(at);
                }
            }
        }
    }
    newest
}

/// The time of a whole call of this program, on an event that concerns nothing. The best of five, as the first ones warm up.
fn duration() -> Option<Finding> {
    let program = std::env::current_exe().ok()?;
    let call = || {
        let begun = Instant::now();
        let mut command = Command::new(&program);
        command.args(["hook", "--agent", "claude"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        child.stdin.take()?.write_all(br#"{"hook_event_name":"Stop"}"#).ok()?;
        child.wait().ok()?.success().then(|| begun.elapsed())
    };
    let best = (0..5).filter_map(|_| call()).min()?;
    Some(Finding::ok("events", format!("a call that has nothing to do takes {:.1} ms", best.as_secs_f64() * 1000.0)))
}
