//! Decides one request.

use crate::decision::Decision;
use crate::event::{Event, EventName};
use crate::json;
use crate::reason::Reason;
use crate::request::{Command, Input, PROTOCOL, Reading, Request};
use crate::rules::adopt::{self, Override};
use crate::rules::context::{EventContext, RuleContext};
use crate::rules::launch::{ActiveLaunch, Outcome};
use crate::rules::owner_commands::{self, Progress};
use crate::rules::start::{self, NewRun};
use crate::rules::supersede;
use crate::rules::supervised_run::{self, Supervisor};
use crate::rules::{
    cancel, duplicate_event, last_turn, launch, loops, notifications, offer, ownership, pause, project_move, refresh,
    release,
};
use crate::run::Status;

/// Decides a request given as UTF-8 JSON and returns the decision as UTF-8 JSON.
#[must_use]
pub fn decide_bytes(request: &[u8]) -> Vec<u8> {
    let decision = match json::from_slice::<Request>(request) {
        Ok(request) if request.protocol == PROTOCOL => decide(&request),
        Ok(_) | Err(_) => Decision::nothing(Reason::RequestMalformed),
    };
    json::to_vec(&decision).unwrap_or_default()
}

/// Decides a request.
#[must_use]
pub fn decide(request: &Request) -> Decision {
    let decision = match &request.input {
        Input::Event(event) => decide_event(request, event),
        Input::Command(command) => decide_command(request, command),
    };
    if request.locked || is_valid_without_lock(&decision) { decision } else { Decision::nothing(Reason::NeedsLock) }
}

/// Returns whether a decision made without the lock may stand. Without the lock the snapshot may be outdated and the
/// expensive facts were not read, so a decision that changes records or notifies must be made again.
fn is_valid_without_lock(decision: &Decision) -> bool {
    decision.changes.is_empty()
        && decision.notifications.is_empty()
        && matches!(
            decision.reason,
            Reason::IdentityMissing
                | Reason::Subagent
                | Reason::NotHooked
                | Reason::ProcessUnknown
                | Reason::DuplicateEvent
                | Reason::Heartbeat
                | Reason::RequestMalformed
        )
}

/// Applies the decision tables to an event, in their order. A table that ends the decision returns early.
fn decide_event(request: &Request, event: &Event) -> Decision {
    let mut cx = match accept(request, event) {
        Ok(cx) => cx,
        Err(reason) => return Decision::nothing(reason),
    };
    if duplicate_event::is_duplicate(&cx) {
        return Decision::nothing(Reason::DuplicateEvent);
    }
    let launch = match launch::apply(&mut cx) {
        Outcome::Active(launch) => launch,
        Outcome::Inactive(reason) => return answer_event(cx, vec![reason]),
    };
    let moved = project_move::apply(&mut cx);
    let begins = launch.row.begins();
    let is_iteration = supervised_run::is_iteration(&mut cx);

    let mut ownership = None;
    let mut offered = None;
    let mut first_words = launch.first_prompt;
    if !is_iteration && concerns_ownership(event, &launch) {
        notifications::acknowledge(&mut cx);
        // An earlier event owed an offer, and its reply may never have been delivered.
        first_words |= notifications::owes_offer(&cx);
        ownership = Some(ownership::apply(&mut cx));
    }
    if !is_iteration && (ownership.is_some() || event.name == EventName::Stop) {
        notifications::announce(&mut cx);
    }
    let looped = loops::apply(&mut cx, launch.row);
    if !is_iteration && (begins || first_words) {
        offered = offer::apply(&mut cx);
    }
    last_turn::apply(&mut cx);
    let older = if begins { supersede::apply(&mut cx) } else { supersede::Outcome::default() };

    let rows = [
        launch.switched.then_some(Reason::Switched),
        Some(launch.row.reason()),
        (begins && is_iteration).then_some(Reason::SupervisedIteration),
        ownership,
        looped,
        offered,
        moved,
        older.superseded.then_some(Reason::Superseded),
        older.pane_reused.then_some(Reason::PaneReused),
    ];
    answer_event(cx, rows.into_iter().flatten().collect())
}

/// Applies the table of events that are ignored.
fn accept<'a>(request: &'a Request, event: &'a Event) -> Result<EventContext<'a>, Reason> {
    let Some(session) = &event.session else {
        return Err(Reason::IdentityMissing);
    };
    if event.subagent {
        return Err(Reason::Subagent);
    }
    if event.name == EventName::Other {
        return Err(Reason::NotHooked);
    }
    let Some(process) = &event.process else {
        return Err(Reason::ProcessUnknown);
    };
    match request.snapshot.session {
        Reading::Unreadable => Err(Reason::RecordUnreadable),
        Reading::Deleted => Err(Reason::Deleted),
        Reading::Absent | Reading::Live(_) | Reading::Archived(_) => {
            Ok(EventContext { rules: RuleContext::new(request), event, session, process, notifications: Vec::new() })
        }
    }
}

/// Returns whether the event can change ownership: a launch begins, the conversation was compacted, or a prompt is
/// submitted.
fn concerns_ownership(event: &Event, launch: &ActiveLaunch) -> bool {
    launch.row.begins() || launch.row == launch::LaunchRow::Compacted || event.name.carries_reply_text()
}

fn answer_event(mut cx: EventContext<'_>, rows: Vec<Reason>) -> Decision {
    if !cx.notifications.is_empty() || cx.rules.draft.differs() {
        duplicate_event::record_delivery(&mut cx);
    }
    let mut decision = answer(cx.rules, rows);
    decision.notifications = cx.notifications;
    decision
}

fn decide_command(request: &Request, command: &Command) -> Decision {
    let mut cx = RuleContext::new(request);
    let row = match command {
        Command::Start { run, name, phase, max_iterations, session, process, loop_state, fleet } => {
            let (phase, loop_limits) = (phase.as_ref(), loop_state.as_ref());
            let new = NewRun { run, name, phase, max_iterations: *max_iterations, loop_limits, fleet: fleet.as_ref() };
            start::apply(&mut cx, &new, session, process)
        }
        Command::Update { run, caller, phase, iteration, max_iterations } => {
            let progress = Progress { phase: phase.as_ref(), iteration: *iteration, max_iterations: *max_iterations };
            owner_commands::update(&mut cx, run, caller, &progress)
        }
        Command::Verify { run, caller } => owner_commands::verify(&cx, run, caller),
        Command::Finish { run, caller, failed, why } => {
            let status = if *failed { Status::Failed } else { Status::Done };
            owner_commands::finish(&mut cx, run, caller, status, why.as_ref())
        }
        Command::With { run, name, project, process, pane, survivors, force, fleet } => {
            let survivors = survivors.as_deref();
            supervised_run::with(
                &mut cx,
                run,
                &Supervisor {
                    name,
                    project: project.as_ref(),
                    process,
                    pane,
                    survivors,
                    force: *force,
                    fleet: fleet.as_ref(),
                },
            )
        }
        Command::Attach { run, fence, child } => supervised_run::attach(&mut cx, run, *fence, child),
        Command::Pause { run, why } => pause::pause(&mut cx, run, why.as_ref()),
        Command::Continue { run } => pause::continue_run(&mut cx, run),
        Command::Cancel { run, why } => cancel::apply(&mut cx, run, why.as_ref()),
        Command::Adopt { run, session, process, force, take } => {
            let overrides = Override { unknown: *force || *take, alive: *take };
            adopt::apply(&mut cx, run, session, process, overrides)
        }
        Command::Refresh { run, project } => refresh::apply(&mut cx, run, project.as_ref()),
        Command::Release { run, cause } => release::apply(&mut cx, run, *cause),
    };
    answer(cx, vec![row])
}

/// Returns the decision, with the most important row as its reason.
fn answer(cx: RuleContext<'_>, mut rows: Vec<Reason>) -> Decision {
    let first = rows.iter().position(|row| !row.is_routine()).unwrap_or(0);
    let reason = if first < rows.len() { rows.remove(first) } else { Reason::NotHooked };
    let changes = cx.draft.into_changes(&cx.request.now);
    Decision { protocol: PROTOCOL, reason, also: rows, changes, notifications: Vec::new() }
}
