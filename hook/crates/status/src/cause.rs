//! Why something waits for the user.

use schemars::JsonSchema;
use serde::Serialize;

use baton_engine::session_status::{AttentionReason, SessionStatus};

/// Why something waits for the user, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// An agent asks for a permission.
    Permission,
    /// An agent asks a question.
    Question,
    /// A turn ended with an error.
    Error,
    /// An agent asks for attention.
    Attention,
    /// An agent waits for the next prompt.
    Idle,
    /// A run is paused.
    Paused,
    /// A run waits for the user.
    Waiting,
    /// A session was handed over, and this machine may pick it up.
    HandedOver,
    /// A loop has waited for background work of its agent for so long that it may never end.
    BackgroundWork,
    /// A session is open, but another process owns its run.
    OwnerElsewhere,
    /// The owner of a run is gone.
    Interrupted,
    /// Nothing tells whether the owner of a run is alive.
    OwnerUnknown,
}

impl Cause {
    /// Every cause, in order.
    pub const ALL: [Self; 12] = [
        Self::Permission,
        Self::Question,
        Self::Error,
        Self::Attention,
        Self::Idle,
        Self::Paused,
        Self::Waiting,
        Self::HandedOver,
        Self::BackgroundWork,
        Self::OwnerElsewhere,
        Self::Interrupted,
        Self::OwnerUnknown,
    ];

    /// Returns the word for the cause.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Permission => AttentionReason::Permission.word(),
            Self::Question => AttentionReason::Question.word(),
            Self::Error => AttentionReason::Error.word(),
            Self::Attention => AttentionReason::Attention.word(),
            Self::Idle => "idle",
            Self::Paused => "paused",
            Self::Waiting => "waiting",
            Self::HandedOver => "handed over",
            Self::BackgroundWork => "background work",
            Self::OwnerElsewhere => "owner elsewhere",
            Self::Interrupted => "interrupted",
            Self::OwnerUnknown => "owner unknown",
        }
    }

    /// Returns whether what it waits for is an answer to the call of a tool.
    #[must_use]
    pub const fn is_of_call(self) -> bool {
        matches!(self, Self::Permission | Self::Question | Self::Attention)
    }

    /// Returns the cause for the words of a status in `--json`, if a session with it waits.
    #[must_use]
    pub fn from_words(status: &str, waiting_for: Option<&str>) -> Option<Self> {
        let word = match status {
            "attention" => waiting_for?,
            status => status,
        };
        let of_session = [Self::Permission, Self::Question, Self::Error, Self::Attention, Self::Idle];
        of_session.into_iter().find(|cause| cause.word() == word)
    }

    /// Returns why a session with this status waits, if it does.
    pub(crate) const fn from_status(status: SessionStatus) -> Option<Self> {
        match status {
            SessionStatus::Attention(AttentionReason::Permission) => Some(Self::Permission),
            SessionStatus::Attention(AttentionReason::Question) => Some(Self::Question),
            SessionStatus::Attention(AttentionReason::Error) => Some(Self::Error),
            SessionStatus::Attention(AttentionReason::Attention) => Some(Self::Attention),
            SessionStatus::Idle => Some(Self::Idle),
            _ => None,
        }
    }
}
