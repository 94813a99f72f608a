//! Decides which process shows which session.

use crate::decision::Location;
use crate::event::{EventName, Source};
use crate::id::SessionId;
use crate::process::Live;
use crate::reason::Reason;
use crate::request::Reading;
use crate::rules::context::EventContext;
use crate::session::{Audience, Ended, Launch, MAX_LAUNCHES, Session};

/// The result of the launch table.
pub enum Outcome {
    /// The process does not show the session, or it left the session. No further table applies.
    Inactive(Reason),
    /// The process shows the session.
    Active(ActiveLaunch),
}

/// A process that shows a session, and how it came to show it.
pub struct ActiveLaunch {
    /// Whether the process showed another session before.
    pub switched: bool,
    /// The row that applied.
    pub row: LaunchRow,
    /// Whether this is the first prompt of the session.
    pub first_prompt: bool,
}

/// The rows after which the process shows the session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LaunchRow {
    /// A known launch sent an event that announces nothing.
    Heartbeat,
    /// A known launch compacted its conversation.
    Compacted,
    /// The session was seen for the first time.
    Registered,
    /// A new process shows a known session.
    Launched,
    /// A known launch announced itself again.
    Announced,
}

impl LaunchRow {
    /// Returns the reason code of the row.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Heartbeat => Reason::Heartbeat,
            Self::Compacted => Reason::Compacted,
            Self::Registered => Reason::Registered,
            Self::Launched => Reason::Launched,
            Self::Announced => Reason::Announced,
        }
    }

    /// Returns whether the launch begins, or begins again.
    #[must_use]
    pub const fn begins(self) -> bool {
        matches!(self, Self::Registered | Self::Launched | Self::Announced)
    }
}

/// Applies the launch table.
pub fn apply(cx: &mut EventContext<'_>) -> Outcome {
    let event = cx.event;
    let prompted = cx.record().is_some_and(|session| session.prompted);
    let first_prompt = !prompted && event.name == EventName::UserPromptSubmit;
    // Any event of its process reopens an archived session, or one that was ended only because of what a probe found.
    let is_live = matches!(cx.rules.request.snapshot.session, Reading::Live(_));
    let known =
        is_live && cx.record().is_some_and(|session| session.has_open_launch(cx.process) && session.ended.is_none());
    let shown = |switched, row| Outcome::Active(ActiveLaunch { switched, row, first_prompt });
    match event.name {
        EventName::SessionEnd => Outcome::Inactive(end(cx)),
        _ if shows_another_session(cx) || was_overtaken(cx) => Outcome::Inactive(Reason::LateEvent),
        _ if known && !event.announces() => shown(false, record_activity(cx)),
        _ => {
            let switched = event.agent.shows_one_session() && end_other_launches(cx);
            shown(switched, record_launch(cx))
        }
    }
}

/// Applies the table of ends.
fn end(cx: &mut EventContext<'_>) -> Reason {
    if !matches!(cx.rules.request.snapshot.session, Reading::Live(_)) {
        return Reason::UnknownSession;
    }
    let sent = cx.sent();
    let (event, process, now) = (cx.event, cx.process, cx.rules.now());
    let Some(launch) = cx.record_mut().and_then(|session| session.launch_mut(process)) else {
        return Reason::EndOfOtherProcess;
    };
    if launch.started.is_after(&sent, now) {
        return Reason::EndOutdated;
    }
    let row = if event.terminal_closed { Reason::TerminalClosed } else { Reason::Ended };
    if launch.ended.is_none() {
        launch.ended = Some(Ended { at: sent, reason: row });
        if row == Reason::Ended {
            end_session_without_launch(cx, cx.session);
        }
    }
    row
}

/// Ends a session whose launches have all ended. A launch that is not known to have ended keeps the session open.
fn end_session_without_launch(cx: &mut EventContext<'_>, id: &SessionId) {
    let Some(session) = cx.rules.draft.session(id) else { return };
    if session.launches.iter().any(|launch| cx.rules.launch_liveness(session, launch) != Live::No) {
        return;
    }
    let at = cx.rules.now().clone();
    if let Some(session) = cx.rules.draft.session_mut(id) {
        session.ended = Some(Ended { at, reason: Reason::Ended });
    }
}

/// Returns whether the process now shows another session. The hooks of one agent run concurrently, so an event of the
/// previous session can arrive after the announcement of the next one.
fn shows_another_session(cx: &EventContext<'_>) -> bool {
    cx.event.agent.shows_one_session()
        && !cx.event.announces()
        && cx.event.shows.as_ref() != Some(cx.session)
        && !cx.record().is_some_and(|session| session.has_open_launch(cx.process))
        && cx.rules.draft.sessions().any(|other| other.id != *cx.session && other.has_open_launch(cx.process))
}

/// Returns whether this announcement waited in the inbox while its process announced another session.
fn was_overtaken(cx: &EventContext<'_>) -> bool {
    let sent = cx.sent();
    cx.event.agent.shows_one_session()
        && cx.event.announces()
        && cx.event.shows.as_ref() != Some(cx.session)
        && cx
            .rules
            .draft
            .sessions()
            .filter(|other| other.id != *cx.session && other.has_open_launch(cx.process))
            .any(|other| other.launch(cx.process).is_some_and(|launch| launch.started.is_after(&sent, cx.rules.now())))
}

/// Records an event of a known launch that announces nothing.
fn record_activity(cx: &mut EventContext<'_>) -> LaunchRow {
    let (event, process) = (cx.event, cx.process);
    let compacted = event.name == EventName::SessionStart && event.source == Some(Source::Compact);
    if let Some(session) = cx.record_mut() {
        session.prompted |= event.name == EventName::UserPromptSubmit;
        session.has_context |= compacted;
        session.messages = event.messages.unwrap_or(session.messages);
        if let Some(launch) = session.launch_mut(process) {
            if launch.lock.is_none() {
                launch.lock.clone_from(&event.lock);
            }
            if event.program.is_some() {
                launch.program.clone_from(&event.program);
            }
        }
    }
    if compacted { LaunchRow::Compacted } else { LaunchRow::Heartbeat }
}

/// Ends the launches of all other sessions in a process that shows one session at a time.
fn end_other_launches(cx: &mut EventContext<'_>) -> bool {
    let mut others: Vec<SessionId> = Vec::new();
    for other in cx.rules.draft.sessions() {
        if other.id != *cx.session && other.has_open_launch(cx.process) {
            others.push(other.id.clone());
        }
    }
    for other in &others {
        let at = cx.rules.now().clone();
        if let Some(launch) = cx.rules.draft.session_mut(other).and_then(|session| session.launch_mut(cx.process)) {
            launch.ended = Some(Ended { at, reason: Reason::Switched });
        }
        end_session_without_launch(cx, other);
    }
    !others.is_empty()
}

/// Records that the process shows the session: registers the session, revives it, or records the new announcement.
fn record_launch(cx: &mut EventContext<'_>) -> LaunchRow {
    let (event, process) = (cx.event, cx.process);
    let known = cx.record().is_some();
    if !known {
        cx.rules.draft.add_session(Session {
            project: event.project.clone(),
            directory: event.directory.clone(),
            headless: event.headless,
            ..Session::new(event.agent, cx.session.clone(), cx.rules.now())
        });
    }
    cx.rules.draft.move_session(cx.session, Location::Live);
    let mut fresh = Launch {
        process: process.clone(),
        pane: event.pane.clone(),
        source: event.source,
        started: cx.sent(),
        ended: None,
        lock: event.lock.clone(),
        program: event.program.clone(),
        home: event.home.clone(),
        iteration_of: None,
    };
    let Some(session) = cx.record_mut() else { return LaunchRow::Heartbeat };
    session.ended = None;
    session.resuming = None;
    session.headless &= event.headless;
    session.messages = event.messages.unwrap_or(session.messages);
    session.prompted |= event.name == EventName::UserPromptSubmit;
    session.has_context |=
        event.has_context || matches!(event.source, Some(Source::Resume | Source::Fork | Source::Compact));
    if event.cwd.is_some() {
        session.cwd.clone_from(&event.cwd);
    }
    if event.transcript.is_some() {
        session.transcript.clone_from(&event.transcript);
    }
    let row = match session.launch_mut(process) {
        Some(launch) => {
            let row = if launch.ended.is_none() { LaunchRow::Announced } else { LaunchRow::Launched };
            if fresh.lock.is_none() {
                fresh.lock = launch.lock.take();
            }
            fresh.iteration_of = launch.iteration_of.take();
            *launch = fresh;
            row
        }
        None => {
            session.launches.push(fresh);
            if known { LaunchRow::Launched } else { LaunchRow::Registered }
        }
    };
    forget_launches(cx);
    row
}

/// Keeps a record small. If it has more than [`MAX_LAUNCHES`] launches, this removes the oldest one that has ended, or
/// else the oldest one. A removed launch that is still alive is recorded again at its next event. A launch that owns a
/// run stays, because without it baton could never prove that the owner is gone.
fn forget_launches(cx: &mut EventContext<'_>) {
    let Some(session) = cx.record().filter(|session| session.launches.len() > MAX_LAUNCHES) else { return };
    let owns = |launch: &Launch| {
        cx.rules.draft.runs().any(|run| {
            run.status.is_unfinished() && run.owner.is_session(cx.session) && run.owner.process == launch.process
        })
    };
    let spare = |launch: &Launch| launch.process != *cx.process && !owns(launch);
    let ended = |launch: &Launch| spare(launch) && cx.rules.launch_liveness(session, launch) == Live::No;
    let oldest = session.launches.iter().position(ended).or_else(|| session.launches.iter().position(spare));
    if let (Some(oldest), Some(session)) = (oldest, cx.record_mut()) {
        let audience = Audience::Launch(session.launches.remove(oldest).process);
        session.outbox.retain(|entry| !(entry.id.reason.is_standing() && entry.audience == audience));
    }
}
