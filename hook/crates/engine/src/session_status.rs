//! The status of a session, computed on demand from its record, its liveness and the end of its log. It is never
//! stored.

#[cfg(test)]
mod tests;

use agent_baton_core::event::{EventName, Question};
use agent_baton_core::liveness::Liveness;
use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::{Continuation, Launch, Session};
use agent_baton_core::timestamp::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::liveness::session_liveness;
use baton_store::{Heartbeat, LogTail};

/// The status of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// It asked the user something and waits for the answer.
    Attention(AttentionReason),
    /// Its turn has ended, and it waits for the next prompt.
    Idle,
    /// It is open, and has not had a prompt yet.
    Starting,
    /// It is working.
    Active,
    /// Its turn is over, and work of its own in the background starts the next one.
    Background,
    /// All its processes are proved dead and it announced no end. It can be resumed.
    Lost,
    /// All its processes are proved dead, and it never had a conversation. There is nothing to resume.
    Empty,
    /// Its liveness cannot be determined from here.
    Unknown,
    /// It ended, for this reason.
    Ended(Reason),
}

/// The kind of a status, without its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusKind {
    /// It asked the user something and waits for the answer.
    Attention,
    /// Its turn has ended, and it waits for the next prompt.
    Idle,
    /// It is open, and has not had a prompt yet.
    Starting,
    /// It is working.
    Active,
    /// Its turn is over, and work of its own in the background starts the next one.
    Background,
    /// All its processes are proved dead and it announced no end.
    Lost,
    /// All its processes are proved dead, and it never had a conversation.
    Empty,
    /// Its liveness cannot be determined from here.
    Unknown,
    /// It ended.
    Ended,
}

/// What a session wants from the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttentionReason {
    /// A permission.
    Permission,
    /// The answer to a question.
    Question,
    /// To look at an error that ended its turn.
    Error,
    /// Something that this version does not know.
    Attention,
}

impl SessionStatus {
    /// Returns the word for the status.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Attention(wants) => wants.word(),
            other => other.kind().word(),
        }
    }

    /// Returns the kind of the status.
    #[must_use]
    pub const fn kind(self) -> StatusKind {
        match self {
            Self::Attention(_) => StatusKind::Attention,
            Self::Idle => StatusKind::Idle,
            Self::Starting => StatusKind::Starting,
            Self::Active => StatusKind::Active,
            Self::Background => StatusKind::Background,
            Self::Lost => StatusKind::Lost,
            Self::Empty => StatusKind::Empty,
            Self::Unknown => StatusKind::Unknown,
            Self::Ended(_) => StatusKind::Ended,
        }
    }

    /// Returns what the session wants from the user.
    #[must_use]
    pub const fn attention_reason(self) -> Option<AttentionReason> {
        if let Self::Attention(wants) = self { Some(wants) } else { None }
    }

    /// Returns whether the session's process is alive.
    #[must_use]
    pub const fn is_alive(self) -> bool {
        matches!(self, Self::Attention(_) | Self::Idle | Self::Starting | Self::Active | Self::Background)
    }
}

impl StatusKind {
    /// Returns the word for the status.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Active => "active",
            Self::Background => "background",
            Self::Lost => "lost",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
            Self::Ended => "ended",
        }
    }
}

impl AttentionReason {
    /// Returns the word for what it wants.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Question => "question",
            Self::Error => "error",
            Self::Attention => "attention",
        }
    }
}

/// A status, and when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSince {
    /// The status.
    pub status: SessionStatus,
    /// When it began.
    pub since: Timestamp,
}

/// The last event of a launch that determines its status.
struct Activity<'a> {
    at: &'a Timestamp,
    status: SessionStatus,
}

/// Returns the status of a session, from its record, the verdict on each of its launches in their order, and the end
/// of its log.
#[must_use]
pub fn session_status(session: &Session, launches: &[Liveness], log: &LogTail, now: &Timestamp) -> StatusSince {
    if let Some(end) = &session.ended {
        return StatusSince { status: SessionStatus::Ended(end.reason), since: end.at.clone() };
    }
    let verdict = session.launches.iter().zip(launches);
    let living = verdict.filter(|(_, verdict)| verdict.live == Live::Yes).map(|(launch, _)| launch);
    let newest = living.filter_map(|launch| newest_activity(session, launch, log, now));
    if let Some(activity) = newest.reduce(|a, b| more_urgent(a, b, now)) {
        return StatusSince { status: activity.status, since: activity.at.clone() };
    }
    let status = match session_liveness(session, launches).live {
        Live::No if has_conversation(session) => SessionStatus::Lost,
        Live::No => SessionStatus::Empty,
        Live::Yes | Live::Unknown => SessionStatus::Unknown,
    };
    StatusSince { status, since: last_activity(session, log, now).clone() }
}

/// Returns whether the end of a log holds an event of each open launch that determines the status without the events
/// before it. Otherwise more of the log has to be read: a few reports may stand between an error and the end.
#[must_use]
pub fn is_conclusive(session: &Session, log: &LogTail) -> bool {
    let mut open = session.launches.iter().filter(|launch| launch.ended.is_none());
    open.all(|launch| log.beats().any(|beat| beat.process == launch.process && is_definite(beat)))
}

const fn is_definite(beat: &Heartbeat) -> bool {
    match beat.event {
        EventName::Notification => matches!(beat.question, Some(Question::Permission | Question::Answer)),
        EventName::UserPromptSubmit
        | EventName::Stop
        | EventName::StopFailure
        | EventName::Interrupt
        | EventName::PermissionRequest => true,
        EventName::SessionStart | EventName::SessionEnd | EventName::PreCompact | EventName::Other => false,
    }
}

/// Returns whether a session ever had a conversation. An agent cannot resume a session without one: it was opened and
/// never prompted, or it is what `/clear` left behind.
#[must_use]
pub const fn has_conversation(session: &Session) -> bool {
    session.prompted || session.has_context
}

/// Returns whether a session without a conversation is worth listing: a user named or pinned it, or it has runs.
#[must_use]
pub const fn is_marked(session: &Session) -> bool {
    session.pinned || session.name.is_some() || !session.runs.is_empty() || session.runs_ended > 0
}

/// Returns when a session last sent a heartbeat.
#[must_use]
pub fn last_activity<'a>(session: &'a Session, log: &'a LogTail, now: &Timestamp) -> &'a Timestamp {
    let launches = session.launches.iter().map(|launch| &launch.started);
    let deliveries = session.deliveries.iter().map(|delivery| &delivery.at);
    let beats = log.beats().map(|beat| &beat.at);
    let newer = |a, b: &'a Timestamp| if b.is_after(a, now) { b } else { a };
    launches.chain(deliveries).chain(beats).fold(&session.created, newer)
}

fn newest_activity<'a>(
    session: &'a Session,
    launch: &'a Launch,
    log: &'a LogTail,
    now: &Timestamp,
) -> Option<Activity<'a>> {
    let later = |a, b| later(a, b, now);
    let start = Activity { at: &launch.started, status: SessionStatus::Starting };
    let slow = session.deliveries.iter().filter(|delivery| delivery.process == launch.process);
    // A start is known from the launch. The start after a compaction says nothing about the turn.
    let slow = slow.filter(|delivery| delivery.event != Some(EventName::SessionStart));
    let slow = slow.filter_map(|delivery| {
        let event = delivery.event.unwrap_or(EventName::UserPromptSubmit);
        Some(Activity {
            at: &delivery.at,
            status: status_after(SessionStatus::Starting, event, None, delivery.continuation)?,
        })
    });
    let newest = std::iter::once(start).chain(slow).reduce(later)?;
    let beats = log.beats().filter(|beat| beat.process == launch.process);
    Some(beats.fold(newest, |before, beat| {
        match status_after(before.status, beat.event, beat.question, beat.continuation) {
            Some(status) if !before.at.is_after(&beat.at, now) => Activity { at: &beat.at, status },
            _ => before,
        }
    }))
}

fn later<'a>(a: Activity<'a>, b: Activity<'a>, now: &Timestamp) -> Activity<'a> {
    if a.at.is_after(b.at, now) { a } else { b }
}

/// Returns the launch that asks the user for something, or else the later one: what one process does answers no
/// question of another.
fn more_urgent<'a>(a: Activity<'a>, b: Activity<'a>, now: &Timestamp) -> Activity<'a> {
    match (a.status.attention_reason(), b.status.attention_reason()) {
        (Some(_), None) => a,
        (None, Some(_)) => b,
        _ => later(a, b, now),
    }
}

/// Returns the status after an event, or `None` if it stays as it was `before`.
const fn status_after(
    before: SessionStatus,
    event: EventName,
    question: Option<Question>,
    continuation: Option<Continuation>,
) -> Option<SessionStatus> {
    use SessionStatus::{Active, Attention, Background, Idle};
    Some(match event {
        EventName::Stop => match continuation {
            Some(Continuation::BackgroundWork) => Background,
            Some(Continuation::Loop) => Active,
            None => Idle,
        },
        EventName::UserPromptSubmit => Active,
        EventName::Interrupt => Idle,
        EventName::StopFailure => Attention(AttentionReason::Error),
        EventName::PermissionRequest => Attention(AttentionReason::Permission),
        EventName::Notification => match (question, before) {
            (Some(Question::Permission), _) => Attention(AttentionReason::Permission),
            (Some(Question::Answer), _) => Attention(AttentionReason::Question),
            (Some(Question::Answered), Attention(AttentionReason::Question)) => Active,
            // That nothing was typed for a while is a reminder: what ended the turn before still holds. It is also all that
            // tells of a permission that was refused.
            (Some(Question::Prompt), Background | Idle | Attention(AttentionReason::Error))
            // What this version does not know says less than what it knows.
            | (Some(Question::Other) | None, Attention(_))
            | (Some(Question::Answered | Question::Nothing), _) => return None,
            (Some(Question::Prompt), _) => Idle,
            (Some(Question::Other) | None, _) => Attention(AttentionReason::Attention),
        },
        // A compaction comes in the middle of a turn, or after one.
        EventName::PreCompact | EventName::SessionStart | EventName::SessionEnd | EventName::Other => return None,
    })
}
