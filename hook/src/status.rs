//! Where a session stands: worked out when it is asked for, from its record, from what lives, and from the end of its log. Nothing
//! of it is ever stored.

#[cfg(test)]
mod tests;

use agent_baton_core::event::{EventName, Question};
use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::{Launch, Session};
use agent_baton_core::stamp::Stamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::census::Judged;
use crate::store::{Beat, Tail};

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It waits for the person, who was asked something.
    Attention(Wants),
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
    Over(Reason),
}

/// A status without what is known besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It waits for the person, who was asked something.
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
    Over,
}

/// What a session wants of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wants {
    /// A permission.
    Permission,
    /// The answer to a question.
    Question,
    /// A look at an error that ended its turn.
    Error,
    /// Something that this version has no word for.
    Attention,
}

impl Status {
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
    pub const fn kind(self) -> Kind {
        match self {
            Self::Attention(_) => Kind::Attention,
            Self::Idle => Kind::Idle,
            Self::Starting => Kind::Starting,
            Self::Active => Kind::Active,
            Self::Lost => Kind::Lost,
            Self::Unknown => Kind::Unknown,
            Self::Over(_) => Kind::Over,
        }
    }

    /// What it wants of the person.
    #[must_use]
    pub const fn wants(self) -> Option<Wants> {
        if let Self::Attention(wants) = self { Some(wants) } else { None }
    }

    /// Whether it waits for the person.
    #[must_use]
    pub const fn waits(self) -> bool {
        matches!(self, Self::Attention(_) | Self::Idle)
    }

    /// Whether its process lives.
    #[must_use]
    pub const fn is_alive(self) -> bool {
        matches!(self, Self::Attention(_) | Self::Idle | Self::Starting | Self::Active)
    }
}

impl Kind {
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
            Self::Over => "over",
        }
    }
}

impl Wants {
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
pub struct Standing {
    /// The status.
    pub status: Status,
    /// Since when.
    pub since: Stamp,
}

/// What happened last in a launch, as far as it says where the session stands.
struct Sign<'a> {
    at: &'a Stamp,
    status: Status,
}

/// Where a session stands: its record, what was judged of each of its launches, in their order, and the end of its log.
#[must_use]
pub fn standing(session: &Session, launches: &[Judged], log: &Tail) -> Standing {
    if let Some(end) = &session.over {
        return Standing { status: Status::Over(end.reason), since: end.at.clone() };
    }
    let judged = session.launches.iter().zip(launches);
    let living = judged.filter(|(_, judged)| judged.live == Live::Yes).map(|(launch, _)| launch);
    if let Some(sign) = living.filter_map(|launch| newest(session, launch, log)).reduce(later) {
        return Standing { status: sign.status, since: sign.at.clone() };
    }
    let status = if Judged::of(session, launches).live == Live::No { Status::Lost } else { Status::Unknown };
    Standing { status, since: last_sign(session, log).clone() }
}

/// When a session last gave a sign of life.
#[must_use]
pub fn last_sign<'a>(session: &'a Session, log: &'a Tail) -> &'a Stamp {
    let launches = session.launches.iter().map(|launch| &launch.started);
    let deliveries = session.deliveries.iter().map(|delivery| &delivery.at);
    let beats = log.beats().map(|beat| &beat.at);
    let newer = |a, b: &'a Stamp| if b.is_after(a) { b } else { a };
    launches.chain(deliveries).chain(beats).fold(&session.created, newer)
}

fn newest<'a>(session: &'a Session, launch: &'a Launch, log: &'a Tail) -> Option<Sign<'a>> {
    let start = Sign { at: &launch.started, status: Status::Starting };
    let slow = session.deliveries.iter().filter(|delivery| delivery.process == launch.process);
    // A start is the launch's own; that of a compaction says nothing of where the turn stands.
    let slow = slow.filter(|delivery| delivery.event != Some(EventName::SessionStart));
    let slow = slow.filter_map(|delivery| {
        Some(Sign { at: &delivery.at, status: after(delivery.event.unwrap_or(EventName::UserPromptSubmit), None)? })
    });
    let beats = log.beats().filter(|beat| beat.process == launch.process);
    let beats = beats.filter_map(|beat: &Beat| Some(Sign { at: &beat.at, status: after(beat.event, beat.question)? }));
    std::iter::once(start).chain(slow).chain(beats).reduce(later)
}

fn later<'a>(a: Sign<'a>, b: Sign<'a>) -> Sign<'a> {
    if a.at.is_after(b.at) { a } else { b }
}

/// Where a session stands after an event; none where the event does not say.
const fn after(event: EventName, question: Option<Question>) -> Option<Status> {
    Some(match (event, question) {
        (EventName::UserPromptSubmit, _) => Status::Active,
        (EventName::Stop | EventName::Interrupt, _) | (EventName::Notification, Some(Question::Prompt)) => Status::Idle,
        (EventName::StopFailure, _) => Status::Attention(Wants::Error),
        (EventName::PermissionRequest, _) | (EventName::Notification, Some(Question::Permission)) => {
            Status::Attention(Wants::Permission)
        }
        (EventName::Notification, Some(Question::Answer)) => Status::Attention(Wants::Question),
        (EventName::Notification, Some(Question::Other) | None) => Status::Attention(Wants::Attention),
        // A compaction comes in the middle of a turn, or after one.
        (EventName::Notification, Some(Question::Nothing))
        | (EventName::PreCompact | EventName::SessionStart | EventName::SessionEnd | EventName::Other, _) => {
            return None;
        }
    })
}
