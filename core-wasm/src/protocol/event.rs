//! One event of an agent, normalized. It contains no prompt, no message and no tool input.

use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::id::SessionId;
use crate::loop_state::StopFacts;
use crate::pane::Pane;
use crate::process::{Process, Program};
use crate::supervisor_claim::SupervisorClaim;

/// What happened. Both agents' event names form one set. Events that baton does not act on are `Other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// A session begins, is resumed, cleared, forked or compacted in a process.
    SessionStart,
    /// A process leaves a session. This is only a hint: it can come late, twice, for an unknown id, or never.
    SessionEnd,
    /// A prompt is submitted.
    UserPromptSubmit,
    /// The agent's turn ended.
    Stop,
    /// An error of the service ended the turn (Claude, TUI only).
    StopFailure,
    /// The user interrupted the turn (Codex only).
    Interrupt,
    /// The agent waits for the user.
    Notification,
    /// The agent waits for the user.
    PermissionRequest,
    /// The conversation is about to be compacted.
    PreCompact,
    /// Any event baton does not hook.
    Other,
}

impl EventName {
    /// Returns whether the reply to this event can carry text to the model and to the user.
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
    /// What the agent asked is answered.
    Answered,
    /// Nothing is asked.
    Nothing,
    /// A kind that this version does not know.
    Other,
}

/// Why a session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A new conversation.
    Startup,
    /// An existing conversation, continued.
    Resume,
    /// A new conversation, in the process and pane of one that was just cleared.
    Clear,
    /// A new conversation with the history of another.
    Fork,
    /// The same conversation, compacted.
    Compact,
    /// A value that this version does not know.
    Other,
}

/// How the last turn of a conversation ended, according to the agent's own transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LastTurn {
    /// It was answered, or the user ended it.
    Ended,
    /// Its prompt, or the result of a tool call, got no answer.
    InterruptedPrompt,
    /// One of its tool calls got no result.
    InterruptedToolCall,
    /// The transcript does not say.
    Unknown,
}

/// What baton records about a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Prompt {
    /// The length in bytes, as encoded in the payload.
    pub bytes: u64,
    /// The first 16 hex digits of the SHA-256 of those bytes.
    pub digest: String,
    /// Whether a user typed it. The client itself sends a `<task-notification>`.
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
    /// The session, or `None` if the payload has no id or an empty one.
    pub session: Option<SessionId>,
    /// Why the session begins (`SessionStart` only).
    pub source: Option<Source>,
    /// What it is about (`Notification` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Whether it came from a subagent, which has the session id of its parent.
    pub subagent: bool,
    /// The working directory that the payload names.
    pub cwd: Option<String>,
    /// The transcript that the payload names.
    pub transcript: Option<String>,
    /// Whether that transcript had any content when the event came.
    pub has_context: bool,
    /// The prompt (`UserPromptSubmit` only).
    pub prompt: Option<Prompt>,
    /// The digest of the client's id of the prompt or turn. It is not unique: both clients repeat ids.
    pub prompt_id: Option<String>,
    /// The first 32 hex digits of the SHA-256 of the payload's bytes.
    pub digest: String,
    /// When the hook's own process started, in milliseconds since boot.
    pub hook_start_ms: u64,
    /// The agent's process, or `None` if no ancestor was recognised as an agent.
    pub process: Option<Process>,
    /// The pane of that process.
    pub pane: Pane,
    /// The canonical path of the worktree root. Only the slow path sets it.
    pub project: Option<String>,
    /// The identity of the project's directory, which stays when it is renamed. Only the slow path sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// A project that is gone and that this event's project may replace: that of the session's record, or that of a run
    /// with the same directory. Only the slow path sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_project: Option<String>,
    /// The path of the session lock that the process holds (Codex). Only the slow path sets it.
    pub lock: Option<String>,
    /// The program that the process executes. Only the slow path sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    /// The agent's directory, if the process was started with the variable that names it. Only the slow path sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// The session that Claude's `sessions/<pid>.json` names for the event's process, if that file can be read.
    pub shows: Option<SessionId>,
    /// Whether the process runs without a user (`claude -p`, `codex exec`). Only the slow path sets it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub headless: bool,
    /// Whether the agent was stopped from outside or its terminal closed, so that the user did not ask for the end
    /// (`SessionEnd` only).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub terminal_closed: bool,
    /// The supervised run that the environment claims for the event. Only the slow path sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervisor_claim: Option<SupervisorClaim>,
    /// Whether it waited in the inbox. No one reads a reply to such an event.
    #[serde(default)]
    pub waited: bool,
    /// The facts that decide whether the session's loop continues (`Stop` only). Only the slow path sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopFacts>,
    /// Digests of the ids of the tasks that the agent has in the background, and of the prompts that it scheduled (`Stop` only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub background_work: Vec<String>,
    /// Whether the user has enabled stored messages, or `None` on the fast path, which does not read the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<bool>,
    /// How the previous turn ended (`SessionStart` of a resume only). Only the slow path sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_turn: Option<LastTurn>,
}

impl Event {
    /// Returns whether the reply can carry text to the model and to the user.
    #[must_use]
    pub const fn can_notify(&self) -> bool {
        self.name.carries_reply_text() && !self.waited
    }

    /// Returns whether the reply can tell the user about a loop. That is also possible at the end of a turn.
    #[must_use]
    pub const fn can_notify_user(&self) -> bool {
        self.can_notify() || (matches!(self.name, EventName::Stop) && !self.waited)
    }

    /// Returns whether the event announces that its process now shows this session: a `SessionStart` with any source
    /// except `compact`.
    #[must_use]
    pub fn announces(&self) -> bool {
        self.name == EventName::SessionStart && self.source != Some(Source::Compact)
    }
}
