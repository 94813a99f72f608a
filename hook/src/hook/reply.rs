//! Sixth stage, after the lock: tells the agent and the user what they need to know, and records what was delivered.

use std::collections::BTreeMap;
use std::io::{self, Write};

use agent_baton_core::decision::Notification;
use agent_baton_core::event::Event;
use agent_baton_core::id::RunId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::run::RunName;
use baton_agents::reply::{Names, render_block, render_reply};
use baton_display::warn;
use baton_engine::loops::LoopStop;
use baton_engine::outcome::Outcome;
use baton_store::{DeliveryAck, LogLine};

use super::error::HookError;
use super::event_context::EventContext;
use super::gather::Facts;
use crate::hint::Advice;

/// Writes warnings to stderr and the reply to stdout. Notifications are acknowledged only after the reply was
/// written, so a lost reply is sent again with the next event.
pub(super) fn send(
    cx: &EventContext<'_>,
    event: &Event,
    outcome: &Outcome,
    facts: &Facts<'_>,
    reports: &[String],
) -> Result<(), HookError> {
    if outcome.decision.has(Reason::RecordUnreadable) {
        warn(&unreadable_record(cx, event, outcome));
    }
    reports.iter().chain(&outcome.notices).chain(&outcome.failures).for_each(|report| warn(report));
    if let Some(problem) = cx.service.settings.problem() {
        warn(&problem.in_one_line());
    }
    let Some(text) = render(event, outcome, facts.loop_stop.as_ref()) else { return Ok(()) };
    write_stdout(&text)?;
    acknowledge(cx, event, outcome)
}

/// Names the record that cannot be read, so that nothing was decided.
fn unreadable_record(cx: &EventContext<'_>, event: &Event, outcome: &Outcome) -> String {
    let snapshot = &outcome.request.snapshot;
    let session = event.session.as_ref().filter(|_| snapshot.session == Reading::Unreadable);
    let runs = snapshot.runs.iter().filter(|named| named.reading == Reading::Unreadable);
    let errors = cx.service.store.read(|view| {
        let of_session = session.and_then(|id| view.session_error(id));
        let of_runs = runs.clone().filter_map(|named| named.id.parse().ok().and_then(|id| view.run_error(&id)));
        of_session.into_iter().chain(of_runs).next()
    });
    let error = errors.ok().flatten().map_or_else(
        || "a record that this event needs cannot be read. baton did not modify it".to_owned(),
        |error| error.in_one_line(),
    );
    format!("nothing was decided: {error}")
}

/// Tells the user about a `Stop` of a loop's owner that did not get the lock.
pub(super) fn send_missed_stop(event: &Event, stop: &LoopStop) -> Result<(), HookError> {
    let runs = BTreeMap::from([(stop.run().id.clone(), stop.run().name.clone())]);
    let names = Names { runs, session: event.session.clone() };
    render_reply(event.agent, event.name, &[stop.missed_notice()], &names, &[])
        .map_or(Ok(()), |text| write_stdout(&text))
}

/// Returns the text of the reply. If the loop continues, the reply blocks the `Stop` and contains the next prompt.
fn render(event: &Event, outcome: &Outcome, stop: Option<&LoopStop>) -> Option<String> {
    let runs = outcome.request.snapshot.runs.iter().filter_map(|named| named.reading.record());
    let runs: BTreeMap<RunId, RunName> = runs.map(|run| (run.id.clone(), run.name.clone())).collect();
    let names = Names { runs, session: event.session.clone() };
    let tells = &outcome.decision.notifications;
    match stop.and_then(|stop| tells.iter().find_map(|tell| stop.next_prompt(tell))) {
        Some(prompt) => render_block(prompt, tells, &names),
        None => render_reply(event.agent, event.name, tells, &names, &outcome.notices),
    }
}

fn acknowledge(cx: &EventContext<'_>, event: &Event, outcome: &Outcome) -> Result<(), HookError> {
    let Some(session) = &event.session else { return Ok(()) };
    for id in outcome.decision.notifications.iter().filter_map(Notification::id) {
        let ack = DeliveryAck { at: cx.now(), id: id.clone(), process: event.process.clone() };
        cx.service.store.append(session, &LogLine::Delivered(ack))?;
    }
    Ok(())
}

fn write_stdout(text: &str) -> Result<(), HookError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(HookError::Reply)
}
