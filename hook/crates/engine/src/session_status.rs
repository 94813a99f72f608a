//! The status of a session, computed on demand from its record, its liveness and the end of its log. It is never stored.

#[cfg(test)]
mod tests;

use agent_baton_core::event::{EventName, Question};
use agent_baton_core::liveness::Liveness;
use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::{Launch, Session};
use agent_baton_core::timestamp::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::liveness::session_liveness;
use baton_store::{Heartbeat, LogTail};

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStatus {
    /// It waits for the user, who was asked something.
    Attention(AttentionReason),
    /// Its turn is over: it waits for the next prompt.
    Idle,
    /// Opened, and nothing was asked of it yet.
    Starting,
    /// At work.
    Active,
    /// Its processes are proved dead, and no end was announced: it can be brought back.
    Lost,
    /// Whether it lives cannot be known from here.
    Unknown,
    /// It ended, by this rule.
    Ended(Reason),
}

/// A status without what is known besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusKind {
    /// It waits for the user, who was asked something.
    Attention,
    /// Its turn is over: it waits for the next prompt.
    Idle,
    /// Opened, and nothing was asked of it yet.
    Starting,
    /// At work.
    Active,
    /// Its processes are proved dead, and no end was announced.
    Lost,
    /// Whether it lives cannot be known from here.
    Unknown,
    /// It ended.
    Ended,
}

/// What a session wants of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttentionReason {
    /// A permission.
    Permission,
    /// The answer to a question.
    Question,
    /// A look at an error that ended its turn.
    Error,
    /// Something that this version has no word for.
    Attention,
}

impl SessionStatus {
    /// The status in a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Attention(wants) => wants.word(),
            other => other.kind().word(),
        }
    }

    /// The status alone.
    #[must_use]
    pub const fn kind(self) -> StatusKind {
        match self {
            Self::Attention(_) => StatusKind::Attention,
            Self::Idle => StatusKind::Idle,
            Self::Starting => StatusKind::Starting,
            Self::Active => StatusKind::Active,
            Self::Lost => StatusKind::Lost,
            Self::Unknown => StatusKind::Unknown,
            Self::Ended(_) => StatusKind::Ended,
        }
    }

    /// What it wants of the user.
    #[must_use]
    pub const fn attention_reason(self) -> Option<AttentionReason> {
        if let Self::Attention(wants) = self { Some(wants) } else { None }
    }

    /// Whether it waits for the user.
    #[must_use]
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Attention(_) | Self::Idle)
    }

    /// Whether its process lives.
    #[must_use]
    pub const fn is_alive(self) -> bool {
        matches!(self, Self::Attention(_) | Self::Idle | Self::Starting | Self::Active)
    }
}

impl StatusKind {
    /// The status in a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Active => "active",
            Self::Lost => "lost",
            Self::Unknown => "unknown",
            Self::Ended => "ended",
        }
    }
}

impl AttentionReason {
    /// What it wants, in a word.
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

/// A status, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSince {
    /// The status.
    pub status: SessionStatus,
    /// Since when.
    pub since: Timestamp,
}

/// What happened last in a launch, as far as it says where the session stands.
struct Activity<'a> {
    at: &'a Timestamp,
    status: SessionStatus,
}

/// Where a session stands: its record, what was judged of each of its launches, in their order, and the end of its log.
#[must_use]
pub fn session_status(session: &Session, launches: &[Liveness], log: &LogTail) -> StatusSince {
    if let Some(end) = &session.ended {
        return StatusSince { status: SessionStatus::Ended(end.reason), since: end.at.clone() };
    }
    let verdict = session.launches.iter().zip(launches);
    let living = verdict.filter(|(_, verdict)| verdict.live == Live::Yes).map(|(launch, _)| launch);
    if let Some(activity) = living.filter_map(|launch| newest_activity(session, launch, log)).reduce(later) {
        return StatusSince { status: activity.status, since: activity.at.clone() };
    }
    let status =
        if session_liveness(session, launches).live == Live::No { SessionStatus::Lost } else { SessionStatus::Unknown };
    StatusSince { status, since: last_activity(session, log).clone() }
}

/// When a session last gave a heartbeat.
#[must_use]
pub fn last_activity<'a>(session: &'a Session, log: &'a LogTail) -> &'a Timestamp {
    let launches = session.launches.iter().map(|launch| &launch.started);
    let deliveries = session.deliveries.iter().map(|delivery| &delivery.at);
    let beats = log.beats().map(|beat| &beat.at);
    let newer = |a, b: &'a Timestamp| if b.is_after(a) { b } else { a };
    launches.chain(deliveries).chain(beats).fold(&session.created, newer)
}

fn newest_activity<'a>(session: &'a Session, launch: &'a Launch, log: &'a LogTail) -> Option<Activity<'a>> {
    let start = Activity { at: &launch.started, status: SessionStatus::Starting };
    let slow = session.deliveries.iter().filter(|delivery| delivery.process == launch.process);
    // A start is the launch's own; that of a compaction says nothing of where the turn stands.
    let slow = slow.filter(|delivery| delivery.event != Some(EventName::SessionStart));
    let slow = slow.filter_map(|delivery| {
        Some(Activity {
            at: &delivery.at,
            status: status_after(delivery.event.unwrap_or(EventName::UserPromptSubmit), None)?,
        })
    });
    let beats = log.beats().filter(|beat| beat.process == launch.process);
    let beats = beats.filter_map(|beat: &Heartbeat| {
        Some(Activity { at: &beat.at, status: status_after(beat.event, beat.question)? })
    });
    std::iter::once(start).chain(slow).chain(beats).reduce(later)
}

fn later<'a>(a: Activity<'a>, b: Activity<'a>) -> Activity<'a> {
    if a.at.is_after(b.at) { a } else { b }
}

/// Where a session stands after an event; none where the event does not say.
const fn status_after(event: EventName, question: Option<Question>) -> Option<SessionStatus> {
    Some(match (event, question) {
        (EventName::UserPromptSubmit, _) => SessionStatus::Active,
        (EventName::Stop | EventName::Interrupt, _) | (EventName::Notification, Some(Question::Prompt)) => {
            SessionStatus::Idle
        }
        (EventName::StopFailure, _) => SessionStatus::Attention(AttentionReason::Error),
        (EventName::PermissionRequest, _) | (EventName::Notification, Some(Question::Permission)) => {
            SessionStatus::Attention(AttentionReason::Permission)
        }
        (EventName::Notification, Some(Question::Answer)) => SessionStatus::Attention(AttentionReason::Question),
        (EventName::Notification, Some(Question::Other) | None) => SessionStatus::Attention(AttentionReason::Attention),
        // A compaction comes in the middle of a turn, or after one.
        (EventName::Notification, Some(Question::Nothing))
        | (EventName::PreCompact | EventName::SessionStart | EventName::SessionEnd | EventName::Other, _) => {
            return None;
        }
    })
}
