//! The record of a run.

use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::fence::Fence;
use crate::id::{RunId, SessionId};
use crate::loop_state::Loop;
use crate::pane::Pane;
use crate::process::Process;
use crate::reason::Reason;
use crate::timestamp::Timestamp;

/// The longest name of a run, in characters.
pub const MAX_NAME: usize = 64;

/// The longest phase, in characters.
pub const MAX_PHASE: usize = 200;

/// The most changes of owner kept in the record, newest last; the audit has them all.
pub const MAX_HISTORY: usize = 32;

/// A run's name: printable, 1 to 64 characters, spaces allowed inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct RunName(#[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64)))] String);

/// Why a text is no name of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunNameError;

impl std::fmt::Display for RunNameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a name has 1 to {MAX_NAME} printable characters, and no space at either end")
    }
}

impl std::error::Error for RunNameError {}

/// Whether a character can be shown as it is: no control, no line break, no bidirectional or other format character.
#[must_use]
pub fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl TryFrom<String> for RunName {
    type Error = RunNameError;
    fn try_from(text: String) -> Result<Self, RunNameError> {
        let fits = (1..=MAX_NAME).contains(&text.chars().count());
        if fits && text.trim() == text && text.chars().all(is_printable) { Ok(Self(text)) } else { Err(RunNameError) }
    }
}

impl std::str::FromStr for RunName {
    type Err = RunNameError;
    fn from_str(text: &str) -> Result<Self, RunNameError> {
        Self::try_from(text.to_owned())
    }
}

impl From<RunName> for String {
    fn from(name: RunName) -> Self {
        name.0
    }
}

impl RunName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its owner works on it.
    Active,
    /// For the user, or for a client's cap; the owner's next prompt by a user makes it active.
    Waiting,
    /// Until `run continue`.
    Paused,
    /// Over: finished.
    Done,
    /// Over: given up.
    Failed,
    /// Over by a user's word: a tombstone. Nothing brings it back.
    Cancelled,
    /// Over: its owner was gone for longer than the threshold. `run adopt` revives it.
    Abandoned,
}

impl Status {
    /// Whether a run with this status is unfinished.
    #[must_use]
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Active | Self::Waiting | Self::Paused)
    }

    /// The status as printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Why a run ended, paused or waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// What the user or the owner said.
    Stated(String),
    /// A rule.
    Rule(Reason),
    /// Nothing happened for longer than the threshold.
    Idle {
        /// For how long, in milliseconds.
        idle_ms: u64,
        /// The threshold, in milliseconds.
        threshold_ms: u64,
        /// Where the newest activity was found.
        newest: ActivitySource,
    },
}

/// Where the newest activity on a run was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActivitySource {
    /// The run's record.
    RunRecord,
    /// Its owner's session record.
    SessionRecord,
    /// The session's log.
    SessionLog,
}

/// Who may advance a run: a session in a process, or the supervisor of a command (`baton run with`), which has no session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Owner {
    /// The agent; none of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// The session; none of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The process: the agent's, or the supervisor's.
    pub process: Process,
    /// Its pane.
    pub pane: Pane,
    /// The command beneath its supervisor, once it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<Process>,
}

impl Owner {
    /// Whether this session owns the run, in whatever process.
    #[must_use]
    pub fn is_session(&self, id: &SessionId) -> bool {
        self.session.as_ref() == Some(id)
    }
}

/// One change of owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Transfer {
    /// The new owner's fence.
    pub fence: Fence,
    /// The owner before.
    pub from: Owner,
    /// When.
    pub at: Timestamp,
    /// By which rule.
    pub reason: Reason,
}

/// A long piece of work with one owner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Grows by one at each write.
    pub revision: u64,
    /// Its name.
    pub name: RunName,
    /// Where it stands.
    pub status: Status,
    /// Free text of the owner's.
    pub phase: Option<String>,
    /// How often it went round.
    pub iteration: u32,
    /// How often it may.
    pub max_iterations: Option<u32>,
    /// Who may advance it.
    pub owner: Owner,
    /// The owner's number.
    pub fence: Fence,
    /// The changes of owner, newest last.
    pub history: Vec<Transfer>,
    /// The worktree root.
    pub project: Option<String>,
    /// When it started.
    pub created: Timestamp,
    /// When this record was last written.
    pub updated: Timestamp,
    /// When it went over.
    pub finished: Option<Timestamp>,
    /// Why it ended, paused or waits.
    pub stop_reason: Option<StopReason>,
    /// What makes it a loop that drives its agent.
    #[serde(rename = "loop", default, skip_serializing_if = "Option::is_none")]
    pub loop_state: Option<Loop>,
}
