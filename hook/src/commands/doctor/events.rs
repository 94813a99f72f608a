//! Reports when each agent last called baton, and how long a call takes on this machine.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::timestamp::Timestamp;

use super::finding::Finding;
use super::installation::Installation;
use baton_agents::{DEMONSTRATED, spec};
use baton_catalogue::{By, Kind, LazyCatalogue};
use baton_store::{Heartbeat, RECENT_LOG_BYTES};

/// How many of the sessions that were opened last are read, besides the live ones.
const NEWEST: usize = 64;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        installation.agents().iter().map(|(agent, _)| last_call(installation, *agent)).collect();
    findings.extend(call_duration());
    findings
}

fn last_call(installation: &Installation, agent: Agent) -> Finding {
    let name = spec(agent).comm;
    match installation.catalogue.as_ref().map(|catalogue| last_calls(catalogue, agent, &installation.now)) {
        Some(LastCalls { at: Some(at), beat }) => {
            let when = format!(
                "{name}: last called {} ({})",
                baton_display::format_local(&at, &installation.now),
                baton_display::format_ago(at.age_ms(&installation.now))
            );
            let took = beat.and_then(|beat| Some((beat.event, beat.took_us?)));
            let took = took.map(|(event, us)| format!("; its last {event:?} took {}.{} ms", us / 1000, us / 100 % 10));
            Finding::ok("events", when + &took.unwrap_or_default())
        }
        _ => Finding::note(
            "events",
            format!("{name}: has not called baton yet; it calls it at the first prompt of a new session"),
        ),
    }
}

/// The latest calls of an agent.
#[derive(Default)]
struct LastCalls {
    /// The time of the newest change of a session's record, or of the newest line in its log.
    at: Option<Timestamp>,
    /// The newest heartbeat, which records how long its call took.
    beat: Option<Heartbeat>,
}

/// Reads every live session, because one that was opened long ago may be in use, and of the others the newest.
fn last_calls(catalogue: &LazyCatalogue, agent: Agent, now: &Timestamp) -> LastCalls {
    let store = catalogue.store();
    let newest = catalogue.get().and_then(|catalogue| catalogue.newest(Kind::Session, By::Agent(agent), None));
    let newest = newest.into_iter().flatten().take(NEWEST).filter_map(|found| found.ok()?.id.parse().ok());
    let ids: BTreeSet<SessionId> =
        store.sessions(Location::Live).unwrap_or_default().into_iter().chain(newest).collect();
    let mut last_calls = LastCalls::default();
    for id in ids {
        let Ok(Some(session)) = store.read(|view| view.session(&id).record().cloned()) else { continue };
        if session.agent != agent {
            continue;
        }
        let newer = |at: &Timestamp, than: Option<&Timestamp>| than.is_none_or(|than| at.is_after(than, now));
        if newer(&session.updated, last_calls.at.as_ref()) {
            last_calls.at = Some(session.updated);
        }
        let Ok(tail) = store.tail(&id, RECENT_LOG_BYTES) else { continue };
        let Some(beat) = tail.beats().last() else { continue };
        if newer(&beat.at, last_calls.at.as_ref()) {
            last_calls.at = Some(beat.at.clone());
        }
        if newer(&beat.at, last_calls.beat.as_ref().map(|beat| &beat.at)) {
            last_calls.beat = Some(beat.clone());
        }
    }
    last_calls
}

/// Measures a complete call of this program with an event that concerns no session. Takes the best of five, because
/// the first calls fill caches.
fn call_duration() -> Option<Finding> {
    let program = std::env::current_exe().ok()?;
    let call = || {
        let begun = Instant::now();
        let mut command = Command::new(&program);
        command.args(["hook", "--agent", DEMONSTRATED.agent.name()]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        child.stdin.take()?.write_all(br#"{"hook_event_name":"Stop"}"#).ok()?;
        child.wait().ok()?.success().then(|| begun.elapsed())
    };
    let best = (0..5).filter_map(|_| call()).min()?;
    Some(Finding::ok("events", format!("a hook call takes {:.1} ms", best.as_secs_f64() * 1000.0)))
}
