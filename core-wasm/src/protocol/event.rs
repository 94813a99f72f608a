//! One event of an agent, normalised: no prompt, no message, no tool input is in it.

use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::id::SessionId;
use crate::loop_state::StopFacts;
use crate::pane::Pane;
use crate::process::Process;
use crate::supervisor_claim::SupervisorClaim;

/// What happened. The two agents' names are one set; what baton does not act on is `Other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// A session begins, is resumed, cleared, forked or compacted in a process.
    SessionStart,
    /// A process leaves a session. A hint: it comes late, twice, for unknown ids, or never.
    SessionEnd,
    /// A prompt goes in.
    UserPromptSubmit,
    /// The agent's turn ended.
    Stop,
    /// The turn ended by an error of the service (Claude, TUI only).
    StopFailure,
    /// The user interrupted the turn (Codex only).
    Interrupt,
    /// The agent waits for the user.
    Notification,
    /// The agent asks for a permission.
    PermissionRequest,
    /// The conversation is about to be compacted.
    PreCompact,
    /// Any event baton does not hook.
    Other,
}

impl EventName {
    /// Whether the agent takes words for the model and for the user in the reply to this event.
    #[must_use]
    pub const fn carries_reply_text(self) -> bool {
        matches!(self, Self::SessionStart | Self::UserPromptSubmit)
    }
}

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// The agent asks for a permission.
    Permission,
    /// The agent asks the user something.
    Answer,
    /// The agent has been waiting for the next prompt for a while.
    Prompt,
    /// Nothing is asked.
    Nothing,
    /// Words that this version does not know.
    Other,
}

/// Why a session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A new conversation.
    Startup,
    /// An old conversation, continued.
    Resume,
    /// A new conversation, in the process and place of the one just cleared.
    Clear,
    /// A new conversation with the history of another.
    Fork,
    /// The same conversation, shortened.
    Compact,
    /// A value that this version does not know.
    Other,
}

/// How the newest turn of a conversation stands, by the agent's own transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LastTurn {
    /// It was answered, or ended by the user.
    Ended,
    /// Its prompt, or what its tools gave, got no answer.
    InterruptedPrompt,
    /// A call of a tool in it got no result.
    InterruptedToolCall,
    /// The transcript does not say.
    Unknown,
}

/// What is kept of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Prompt {
    /// Length in bytes, as it stands in the payload.
    pub bytes: u64,
    /// SHA-256 of those bytes, the first 16 hex digits.
    pub digest: String,
    /// Whether a user typed it; a `<task-notification>` is the client's own.
    pub by_user: bool,
}

/// One event of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Event {
    /// The agent that sent it.
    pub agent: Agent,
    /// What happened.
    pub name: EventName,
    /// The session; none where the payload has no id, or an empty one.
    pub session: Option<SessionId>,
    /// Why the session begins (`SessionStart` only).
    pub source: Option<Source>,
    /// Whether it came from within a subagent, which has the parent's session id.
    pub subagent: bool,
    /// The directory of the event.
    pub cwd: Option<String>,
    /// The transcript named by the payload.
    pub transcript: Option<String>,
    /// Whether that transcript held anything when the event came.
    pub has_context: bool,
    /// The prompt (`UserPromptSubmit` only).
    pub prompt: Option<Prompt>,
    /// Digest of the client's id of the prompt or turn. No key: both clients repeat it.
    pub prompt_id: Option<String>,
    /// SHA-256 of the payload's bytes, the first 32 hex digits.
    pub digest: String,
    /// When the hook's own process started, in milliseconds of this boot.
    pub hook_start_ms: u64,
    /// The agent's process; none where no ancestor could be recognised.
    pub process: Option<Process>,
    /// The pane of that process.
    pub pane: Pane,
    /// The worktree root, canonical; found on the slow path only.
    pub project: Option<String>,
    /// The lock that the process was seen to hold on the session (Codex), as a path; found on the slow path only.
    pub lock: Option<String>,
    /// The session that Claude's `sessions/<pid>.json` names for the event's process, if it could be read.
    pub shows: Option<SessionId>,
    /// Whether its process runs without a user before it (`claude -p`, `codex exec`); found on the slow path only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub headless: bool,
    /// Whether nobody asked for the end: the agent was told to stop from outside, or its terminal went away (`SessionEnd` only).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub terminal_closed: bool,
    /// That it comes from beneath a command, as its environment says; found on the slow path only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervisor_claim: Option<SupervisorClaim>,
    /// Whether it waited in the inbox, so that nobody reads a reply any more.
    #[serde(default)]
    pub waited: bool,
    /// What was seen for the loop that the session owns (`Stop` only); found on the slow path only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopFacts>,
    /// Whether the user has messages kept; none on the fast path, which reads no configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<bool>,
    /// How the turn before stands (`SessionStart` of a resume only); found on the slow path only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_turn: Option<LastTurn>,
}

impl Event {
    /// Whether a reply can carry words to the model and to the user.
    #[must_use]
    pub const fn can_notify(&self) -> bool {
        self.name.carries_reply_text() && !self.waited
    }

    /// Whether a reply to the event can tell the user something of a loop: it can at the end of a turn too.
    #[must_use]
    pub const fn can_notify_user(&self) -> bool {
        self.can_notify() || (matches!(self.name, EventName::Stop) && !self.waited)
    }

    /// Whether the event says that its process now shows this session: a `SessionStart` with another source than compact.
    #[must_use]
    pub fn announces(&self) -> bool {
        self.name == EventName::SessionStart && self.source != Some(Source::Compact)
    }
}
