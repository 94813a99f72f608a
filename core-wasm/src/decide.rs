//! One request, decided.

use crate::draft::Draft;
use crate::protocol::decision::{Decision, Notification};
use crate::protocol::event::{Event, EventName};
use crate::protocol::process::Process;
use crate::protocol::reason::Reason;
use crate::protocol::request::{Command, Input, PROTOCOL, Reading, Request};
use crate::protocol::session::{Delivery, MAX_DELIVERIES};
use crate::rules::ownership::Candidate;
use crate::rules::start::NewRun;
use crate::rules::{
    adopt, cancel, duplicate_event, last_turn, launch, loops, notifications, offer, owner_commands, ownership, pause,
    start, supersede, supervised_run,
};

/// Decides a request given as UTF-8 JSON; answers in the same form.
#[must_use]
pub fn decide_bytes(request: &[u8]) -> Vec<u8> {
    let decision = match serde_json::from_slice::<Request>(request) {
        Ok(request) if request.protocol == PROTOCOL => decide(&request),
        Ok(_) | Err(_) => Decision::nothing(Reason::RequestMalformed),
    };
    serde_json::to_vec(&decision).unwrap_or_default()
}

/// Decides a request.
#[must_use]
pub fn decide(request: &Request) -> Decision {
    let decision = match &request.input {
        Input::Event(event) => decide_event(request, event),
        Input::Command(command) => decide_command(request, command),
    };
    if request.locked || stands_without_lock(&decision) { decision } else { Decision::nothing(Reason::NeedsLock) }
}

/// Without the lock the snapshot may be old, and the costly facts were not read: only what changes and says nothing stands.
fn stands_without_lock(decision: &Decision) -> bool {
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

fn decide_event(request: &Request, event: &Event) -> Decision {
    let Some(id) = &event.session else {
        return Decision::nothing(Reason::IdentityMissing);
    };
    if event.subagent {
        return Decision::nothing(Reason::Subagent);
    }
    if event.name == EventName::Other {
        return Decision::nothing(Reason::NotHooked);
    }
    let Some(process) = &event.process else {
        return Decision::nothing(Reason::ProcessUnknown);
    };
    if request.snapshot.session == Reading::Unreadable {
        return Decision::nothing(Reason::RecordUnreadable);
    }
    if request.snapshot.session == Reading::Deleted {
        return Decision::nothing(Reason::Deleted);
    }
    let mut draft = Draft::new(request);
    let recorded = draft.session(id).map(|session| session.deliveries.clone()).unwrap_or_default();
    if duplicate_event::is_duplicate(event, process, &request.now, recorded.iter().chain(&request.snapshot.deliveries))
    {
        return Decision::nothing(Reason::DuplicateEvent);
    }
    let unprompted = draft.session(id).is_none_or(|session| !session.prompted);
    let mut rows = match launch::apply(request, &mut draft, event, id, process) {
        launch::Outcome::Goes(rows) => rows,
        launch::Outcome::Over(row) => vec![row],
    };
    let mut notifications = Vec::new();
    let iteration = supervised_run::apply(&mut draft, event, id, process).filter(|_| is_shown_anew(&rows));
    let owns_nothing = draft.session(id).and_then(|session| session.launch(process)?.iteration_of.as_ref()).is_some();
    rows.extend(iteration);
    let mut lost_offer = false;
    let concerned = concerns_ownership(event, &rows);
    if !owns_nothing && concerned {
        lost_offer = notifications::take_back(request, &mut draft, event, id, process);
        let candidate = Candidate { event, session: id, process };
        rows.push(ownership::apply(request, &mut draft, &candidate, &mut notifications));
    }
    let known = rows == [Reason::Heartbeat];
    if !owns_nothing && (concerned || event.name == EventName::Stop) {
        notifications::apply(request, &mut draft, event, id, process, &mut notifications);
    }
    let driven = loops::apply(request, &mut draft, event, (id, process), known, &mut notifications);
    rows.extend(driven);
    // The event that showed the session may have had no reply: the first prompt has one.
    let first_words = lost_offer || (unprompted && event.name == EventName::UserPromptSubmit);
    if !owns_nothing && (is_shown_anew(&rows) || first_words) {
        rows.extend(offer::apply(request, &mut draft, event, id, process, &mut notifications));
    }
    notifications.extend(last_turn::apply(request, &draft, event, id, process));
    if is_shown_anew(&rows) {
        rows.extend(supersede::apply(request, &mut draft, event, id, process));
    }
    notifications::note(&mut draft, id, process, &notifications);
    if driven.is_some() || !notifications.is_empty() || draft.session_differs(id) {
        deliver(request, &mut draft, event, process);
    }
    answer(request, draft, rows, notifications)
}

/// On the first event of a launch, on a start, and on a prompt.
fn concerns_ownership(event: &Event, rows: &[Reason]) -> bool {
    is_shown_anew(rows)
        || rows.contains(&Reason::Compacted)
        || (rows == [Reason::Heartbeat] && event.name.carries_reply_text())
}

fn is_shown_anew(rows: &[Reason]) -> bool {
    rows.iter().any(|row| matches!(row, Reason::Registered | Reason::Launched | Reason::Announced))
}

/// Notes the delivery in the commit, so that a second one finds it there.
fn deliver(request: &Request, draft: &mut Draft, event: &Event, process: &Process) {
    // What waited in the inbox is noted as of when it was sent: stamped now, it would swallow the next event of the same bytes.
    let at = if event.waited { launch::sent(request, event) } else { request.now.clone() };
    let Some(session) = event.session.as_ref().and_then(|id| draft.session_mut(id)) else {
        return;
    };
    session.deliveries.push(Delivery {
        digest: event.digest.clone(),
        process: process.clone(),
        at,
        event: Some(event.name),
    });
    let spare = session.deliveries.len().saturating_sub(MAX_DELIVERIES);
    session.deliveries.drain(..spare);
}

fn decide_command(request: &Request, command: &Command) -> Decision {
    let mut draft = Draft::new(request);
    let row = match command {
        Command::Start { run, name, phase, max_iterations, session, process, loop_state } => {
            let (phase, loop_state) = (phase.as_ref(), loop_state.as_ref());
            let new = NewRun { run, name, phase, max_iterations: *max_iterations, loop_state };
            start::apply(request, &mut draft, &new, session, process)
        }
        Command::Update { run, caller, phase, iteration, max_iterations } => {
            let progress = owner_commands::Progress {
                phase: phase.as_ref(),
                iteration: *iteration,
                max_iterations: *max_iterations,
            };
            owner_commands::update(request, &mut draft, run, caller, &progress)
        }
        Command::Verify { run, caller } => owner_commands::verify(request, &draft, run, caller),
        Command::Finish { run, caller, failed, why } => {
            owner_commands::finish(request, &mut draft, run, caller, *failed, why.clone())
        }
        Command::With { run, name, project, process, pane } => {
            let by = supervised_run::Supervisor { name, project: project.as_ref(), process, pane };
            supervised_run::with(request, &mut draft, run, &by)
        }
        Command::Attach { run, fence, child } => supervised_run::attach(request, &mut draft, run, *fence, child),
        Command::Pause { run, why } => pause::pause(request, &mut draft, run, why.as_ref()),
        Command::Continue { run } => pause::continue_run(request, &mut draft, run),
        Command::Cancel { run, why } => cancel::apply(request, &mut draft, run, why.clone()),
        Command::Adopt { run, session, process, force, take } => {
            let overrides = adopt::Override { unknown: *force || *take, alive: *take };
            adopt::apply(request, &mut draft, run, session, process, overrides)
        }
    };
    answer(request, draft, vec![row], Vec::new())
}

/// The decision: the row that matters most first.
fn answer(request: &Request, draft: Draft, mut rows: Vec<Reason>, notifications: Vec<Notification>) -> Decision {
    let heavy = rows.iter().position(|row| {
        !matches!(
            row,
            Reason::Heartbeat
                | Reason::Compacted
                | Reason::Switched
                | Reason::Registered
                | Reason::Launched
                | Reason::Announced
                | Reason::OwnerPresent
                | Reason::RunEnded
                | Reason::RunOffered
                | Reason::NoRun
                | Reason::Superseded
                | Reason::PaneReused
        )
    });
    let reason = if rows.is_empty() { Reason::NotHooked } else { rows.remove(heavy.unwrap_or(0)) };
    Decision { protocol: PROTOCOL, reason, also: rows, changes: draft.into_changes(&request.now), notifications }
}
