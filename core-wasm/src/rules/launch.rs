//! Which process shows which session.

use crate::draft::Draft;
use crate::protocol::decision::Location;
use crate::protocol::event::{Event, EventName, Source};
use crate::protocol::id::SessionId;
use crate::protocol::process::{Live, Process};
use crate::protocol::reason::Reason;
use crate::protocol::request::{Reading, Request};
use crate::protocol::session::{Ended, Launch, MAX_LAUNCHES, Session};
use crate::protocol::timestamp::Timestamp;
use crate::rules::liveness::launch_liveness;

/// Applies the launch table; gives the rows that applied, in order, or the one row that ends the decision.
pub fn apply(request: &Request, draft: &mut Draft, event: &Event, id: &SessionId, process: &Process) -> Outcome {
    if event.name == EventName::SessionEnd {
        return Outcome::Over(end(request, draft, event, id, process));
    }
    if is_late(draft, event, id, process) {
        return Outcome::Over(Reason::LateEvent);
    }
    if announced_another_since(request, draft, event, id, process) {
        return Outcome::Over(Reason::LateEvent);
    }
    // A record that was put away, or called over by what the machine showed, comes back by whatever its process sends.
    let kept = matches!(request.snapshot.session, Reading::Live(_));
    let known = draft.session(id).is_some_and(|session| session.is_shown_by(process) && session.ended.is_none());
    if kept && known && !event.announces() {
        return Outcome::Goes(vec![note(draft, event, id, process)]);
    }
    let mut rows = Vec::new();
    if event.agent.shows_one_session() && leave_others(request, draft, id, process) {
        rows.push(Reason::Switched);
    }
    rows.push(show(request, draft, event, id, process));
    Outcome::Goes(rows)
}

/// How the launch table left the event.
pub enum Outcome {
    /// Nothing further follows from it.
    Over(Reason),
    /// The session is shown by the process; ownership may follow.
    Goes(Vec<Reason>),
}

/// The moment at which the agent sent the event: that of the hook's start, not of the decision, which waits for the lock.
pub fn sent(request: &Request, event: &Event) -> Timestamp {
    let mut stamp = request.now.clone();
    let waited = stamp.boot_ms.saturating_sub(event.hook_start_ms);
    stamp.boot_ms -= waited;
    stamp.unix_ms = stamp.unix_ms.saturating_sub(waited);
    stamp
}

fn end(request: &Request, draft: &mut Draft, event: &Event, id: &SessionId, process: &Process) -> Reason {
    if !matches!(request.snapshot.session, Reading::Live(_)) {
        return Reason::UnknownSession;
    }
    let sent = sent(request, event);
    let Some(launch) = draft.session_mut(id).and_then(|session| session.launch_mut(process)) else {
        return Reason::EndOfOtherProcess;
    };
    if launch.started.is_after(&sent) {
        return Reason::EndOutdated;
    }
    let row = if event.terminal_closed { Reason::TerminalClosed } else { Reason::Ended };
    if launch.ended.is_none() {
        launch.ended = Some(Ended { at: sent, reason: row });
        if row == Reason::Ended {
            close_if_left(request, draft, id);
        }
    }
    row
}

/// A session that no launch is left of is over. A launch that is not known to have ended counts as left.
fn close_if_left(request: &Request, draft: &mut Draft, id: &SessionId) {
    let Some(session) = draft.session(id) else {
        return;
    };
    if session.launches.iter().any(|launch| launch_liveness(request, draft, session, launch) != Live::No) {
        return;
    }
    if let Some(session) = draft.session_mut(id) {
        session.ended = Some(Ended { at: request.now.clone(), reason: Reason::Ended });
    }
}

/// Whether the process shows another session by now. The hooks of one agent run side by side, so an event of the session just left
/// can come after the announcement of the next.
fn is_late(draft: &Draft, event: &Event, id: &SessionId, process: &Process) -> bool {
    event.agent.shows_one_session()
        && !event.announces()
        && event.shows.as_ref() != Some(id)
        && !draft.session(id).is_some_and(|session| session.is_shown_by(process))
        && draft.sessions().any(|other| other.id != *id && other.is_shown_by(process))
}

/// Whether this announcement was overtaken: it waited, and its process has announced another session after it was sent.
fn announced_another_since(request: &Request, draft: &Draft, event: &Event, id: &SessionId, process: &Process) -> bool {
    let sent = sent(request, event);
    event.agent.shows_one_session()
        && event.announces()
        && event.shows.as_ref() != Some(id)
        && draft
            .sessions()
            .filter(|other| other.id != *id && other.is_shown_by(process))
            .any(|other| other.launch(process).is_some_and(|launch| launch.started.is_after(&sent)))
}

/// An event of a launch that is known, and announces nothing.
fn note(draft: &mut Draft, event: &Event, id: &SessionId, process: &Process) -> Reason {
    let compacted = event.name == EventName::SessionStart && event.source == Some(Source::Compact);
    if let Some(session) = draft.session_mut(id) {
        session.prompted |= event.name == EventName::UserPromptSubmit;
        session.has_context |= compacted;
        session.messages = event.messages.unwrap_or(session.messages);
        if let Some(launch) = session.launch_mut(process).filter(|launch| launch.lock.is_none()) {
            launch.lock.clone_from(&event.lock);
        }
    }
    if compacted { Reason::Compacted } else { Reason::Heartbeat }
}

/// Ends the launches of every other session in a process that shows one at a time.
fn leave_others(request: &Request, draft: &mut Draft, id: &SessionId, process: &Process) -> bool {
    let others: Vec<SessionId> = draft
        .sessions()
        .filter(|other| other.id != *id && other.is_shown_by(process))
        .map(|other| other.id.clone())
        .collect();
    for other in &others {
        if let Some(launch) = draft.session_mut(other).and_then(|session| session.launch_mut(process)) {
            launch.ended = Some(Ended { at: request.now.clone(), reason: Reason::Switched });
        }
        close_if_left(request, draft, other);
    }
    !others.is_empty()
}

/// The process shows the session: registers it, revives it, or notes that it was announced again.
fn show(request: &Request, draft: &mut Draft, event: &Event, id: &SessionId, process: &Process) -> Reason {
    let known = draft.session(id).is_some();
    if !known {
        draft.add_session(Session {
            project: event.project.clone(),
            headless: event.headless,
            ..Session::new(event.agent, id.clone(), &request.now)
        });
    }
    draft.move_session(id, Location::Live);
    let sent = sent(request, event);
    let Some(session) = draft.session_mut(id) else {
        return Reason::RecordUnreadable;
    };
    session.ended = None;
    session.resuming = None;
    session.headless &= event.headless;
    session.messages = event.messages.unwrap_or(session.messages);
    session.prompted |= event.name == EventName::UserPromptSubmit;
    session.has_context |=
        event.has_context || matches!(event.source, Some(Source::Resume | Source::Fork | Source::Compact));
    for (field, value) in [(&mut session.cwd, &event.cwd), (&mut session.transcript, &event.transcript)] {
        if value.is_some() {
            field.clone_from(value);
        }
    }
    let fresh = Launch {
        process: process.clone(),
        pane: event.pane.clone(),
        source: event.source,
        started: sent,
        ended: None,
        lock: event.lock.clone(),
        iteration_of: None,
        told: Vec::new(),
        untold: Vec::new(),
        extra: serde_json::Map::new(),
    };
    let row = match session.launch_mut(process) {
        Some(launch) => {
            let row = if launch.ended.is_none() { Reason::Announced } else { Reason::Launched };
            *launch = Launch {
                lock: fresh.lock.or_else(|| launch.lock.take()),
                iteration_of: launch.iteration_of.take(),
                told: std::mem::take(&mut launch.told),
                untold: std::mem::take(&mut launch.untold),
                extra: std::mem::take(&mut launch.extra),
                ..fresh
            };
            row
        }
        None => {
            session.launches.push(fresh);
            if known { Reason::Launched } else { Reason::Registered }
        }
    };
    forget_launches(request, draft, id, process);
    row
}

/// Keeps a record small: of more than [`MAX_LAUNCHES`] the oldest that is over goes, else the oldest. One that may live is a first
/// event again when it next speaks. One that owns a run stays: without it nobody could prove any more that the owner is gone.
fn forget_launches(request: &Request, draft: &mut Draft, id: &SessionId, shown_by: &Process) {
    let Some(session) = draft.session(id).filter(|session| session.launches.len() > MAX_LAUNCHES) else {
        return;
    };
    let owns = |launch: &Launch| {
        draft
            .runs()
            .any(|run| run.status.is_unfinished() && run.owner.is_session(id) && run.owner.process == launch.process)
    };
    let spare = |launch: &Launch| launch.process != *shown_by && !owns(launch);
    let over = |launch: &Launch| spare(launch) && launch_liveness(request, draft, session, launch) == Live::No;
    let oldest = session.launches.iter().position(over).or_else(|| session.launches.iter().position(spare));
    if let (Some(oldest), Some(session)) = (oldest, draft.session_mut(id)) {
        session.launches.remove(oldest);
    }
}
