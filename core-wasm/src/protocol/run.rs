//! The record of a run.

use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::fence::Fence;
use crate::fleet::FleetRun;
use crate::id::{RunId, SessionId};
use crate::loop_state::Loop;
use crate::pane::Pane;
use crate::process::Process;
use crate::reason::Reason;
use crate::timestamp::Timestamp;

/// The maximum length of a run's name, in characters.
pub const MAX_NAME: usize = 64;

/// The maximum length of a phase, in characters.
pub const MAX_PHASE: usize = 200;

/// The maximum number of transfers kept in the record. The audit keeps all of them.
pub const MAX_HISTORY: usize = 32;

/// The name of a run: 1 to 64 printable characters, which may include spaces inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct RunName(#[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64)))] String);

/// The error for a text that is not a valid name of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunNameError;

impl std::fmt::Display for RunNameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a name has 1 to {MAX_NAME} printable characters, and no space at either end")
    }
}

impl std::error::Error for RunNameError {}

/// Returns whether a character can be displayed as it is. Control characters, line breaks, and bidirectional or other
/// format characters cannot.
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
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The owner is working on it.
    Active,
    /// It waits for the user, or until the client's limit is reset. The next prompt that the user sends to the owner
    /// makes it active.
    Waiting,
    /// It waits for `run continue`.
    Paused,
    /// Ended: the work is finished.
    Done,
    /// Ended: the owner gave up.
    Failed,
    /// Ended: a user cancelled it. The record is a tombstone, so the run cannot be continued.
    Cancelled,
    /// Ended: its owner was gone for longer than the threshold. `run adopt` revives it.
    Abandoned,
}

impl Status {
    /// Returns whether a run with this status is unfinished.
    #[must_use]
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Active | Self::Waiting | Self::Paused)
    }

    /// Returns the status as it is printed.
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
    /// The explanation that the user or the owner gave.
    Stated(String),
    /// The rule that applied.
    Rule(Reason),
    /// The run was inactive for longer than the threshold.
    Idle {
        /// How long it was inactive, in milliseconds.
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
    /// The session record of its owner.
    SessionRecord,
    /// The session's log.
    SessionLog,
}

/// Who may update a run: a session in a process, or the supervisor of a command (`baton run with`), which has no
/// session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Owner {
    /// The agent, or `None` for a supervised run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// The session, or `None` for a supervised run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The process of the agent or of the supervisor.
    pub process: Process,
    /// Its pane.
    pub pane: Pane,
    /// The supervised command, once it has started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<Process>,
}

impl Owner {
    /// Returns whether this session owns the run, in any process.
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
    /// The previous owner.
    pub from: Owner,
    /// The time of the change.
    pub at: Timestamp,
    /// The rule that applied.
    pub reason: Reason,
    /// How far the run was, as the new owner took it over. Records of older versions do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Progress {
    /// The iteration.
    pub iteration: u32,
    /// The phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
}

/// A long piece of work with one owner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The revision of the record, which grows by one at each write.
    pub revision: u64,
    /// Its name.
    pub name: RunName,
    /// The status.
    pub status: Status,
    /// Free text that the owner sets.
    pub phase: Option<String>,
    /// The number of iterations so far.
    pub iteration: u32,
    /// The limit of iterations.
    pub max_iterations: Option<u32>,
    /// The session or supervisor that may update the run.
    pub owner: Owner,
    /// The owner's fence.
    pub fence: Fence,
    /// The changes of owner, newest last.
    pub history: Vec<Transfer>,
    /// The worktree root.
    pub project: Option<String>,
    /// The identity of that directory. It stays when the directory is renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// When it started.
    pub created: Timestamp,
    /// When this record was last written.
    pub updated: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Why it ended, paused or waits.
    pub stop_reason: Option<StopReason>,
    /// The state of the loop, if the run drives its agent.
    #[serde(rename = "loop", default, skip_serializing_if = "Option::is_none")]
    pub loop_state: Option<Loop>,
    /// What makes it a run of a fleet, or `None` if this state directory alone decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<FleetRun>,
}

impl Run {
    /// Returns how far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress { iteration: self.iteration, phase: self.phase.clone() }
    }

    /// Since when a loop waits for background work of its agent; none where it does not.
    #[must_use]
    pub fn background_work_since(&self) -> Option<&Timestamp> {
        self.loop_state.as_ref().filter(|_| self.status == Status::Active)?.background_work.waits_since.as_ref()
    }
}
