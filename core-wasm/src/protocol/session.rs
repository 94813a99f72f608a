//! The record of a session.

use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::event::{EventName, Source};
use crate::fence::Fence;
use crate::id::{RunId, SessionId};
use crate::pane::Pane;
use crate::process::Process;
use crate::reason::Reason;
use crate::run::RunName;
use crate::timestamp::Timestamp;

/// The most launches kept in a record: ended ones go first, the oldest first; one that owns a run stays.
pub const MAX_LAUNCHES: usize = 16;

/// The most deliveries kept for the rule of one event delivered twice.
pub const MAX_DELIVERIES: usize = 4;

/// The most entries kept in an outbox: acknowledged ones go first, the oldest first.
pub const MAX_OUTBOX: usize = 64;

/// One conversation of an agent. It survives a resume, and two windows may show it at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Session {
    /// The agent's own id.
    pub id: SessionId,
    /// The agent.
    pub agent: Agent,
    /// Grows by one at each write.
    pub revision: u64,
    /// The worktree root, fixed when the session was registered.
    pub project: Option<String>,
    /// The directory of the newest slow event.
    pub cwd: Option<String>,
    /// The transcript named by the newest slow event.
    pub transcript: Option<String>,
    /// The processes that show or showed it.
    pub launches: Vec<Launch>,
    /// The unfinished runs it owns; more than one only from a foreign or damaged state.
    pub runs: Vec<RunId>,
    /// How many of its runs are over.
    pub runs_ended: u32,
    /// Whether a prompt was ever seen.
    pub prompted: bool,
    /// Whether it was ever seen to hold a conversation.
    pub has_context: bool,
    /// Whether a user pinned it.
    pub pinned: bool,
    /// When it was registered.
    pub created: Timestamp,
    /// When this record was last written.
    pub updated: Timestamp,
    /// How it went over; none while a launch is left.
    pub ended: Option<Ended>,
    /// The newest slow deliveries.
    pub deliveries: Vec<Delivery>,
    /// What its user and model are to be told, or were told and must not be told again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<OutboxEntry>,
    /// What a user calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<RunName>,
    /// Whether nobody ever sat before it: every launch so far was `claude -p`, `codex exec` or alike.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub headless: bool,
    /// A user's order to bring it back that no launch has followed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resuming: Option<Resuming>,
    /// Whether the user had messages kept at the newest slow event: without it the fast path reads no configuration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub messages: bool,
}

/// A session shown by a process, in a pane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Launch {
    /// The process.
    pub process: Process,
    /// Its pane.
    pub pane: Pane,
    /// How it began, where it was announced.
    pub source: Option<Source>,
    /// When it was first seen, or announced again.
    pub started: Timestamp,
    /// How it ended; none while it is not known to have.
    pub ended: Option<Ended>,
    /// The lock that the process was seen to hold on the session (Codex), as a path.
    pub lock: Option<String>,
    /// The command's run that it is an iteration of: it owns nothing of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration_of: Option<RunId>,
}

/// When and how something ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// By which rule.
    pub reason: Reason,
}

/// An order to bring a session back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resuming {
    /// When.
    pub at: Timestamp,
    /// The process that was started for it; none until that is known.
    pub process: Option<Process>,
}

/// One delivery of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Delivery {
    /// Digest of the payload.
    pub digest: String,
    /// The agent's process.
    pub process: Process,
    /// When it was committed, or its log line written.
    pub at: Timestamp,
    /// Which event; none in records of before it was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventName>,
}

/// What identifies a notification: it is about one owner of one run, by one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotificationId {
    /// The run.
    pub run: RunId,
    /// The owner, by its fence.
    pub fence: Fence,
    /// The rule.
    pub reason: Reason,
    /// The revision of the run at which the rule applied, for a rule that can apply again under the same fence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// Whom a notification is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Whoever shows the session.
    Session,
    /// The launch in this process.
    Launch(Process),
}

/// A notification that is owed, or that was delivered and must not be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OutboxEntry {
    /// Which.
    pub id: NotificationId,
    /// For whom.
    pub audience: Audience,
    /// Whether the session's log showed that a reply carried it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acknowledged: bool,
}

impl Session {
    /// A session of which nothing is known but its id; it was never written.
    #[must_use]
    pub fn new(agent: Agent, id: SessionId, now: &Timestamp) -> Self {
        Self {
            id,
            agent,
            revision: 0,
            project: None,
            cwd: None,
            transcript: None,
            launches: Vec::new(),
            runs: Vec::new(),
            runs_ended: 0,
            prompted: false,
            has_context: false,
            pinned: false,
            created: now.clone(),
            updated: now.clone(),
            ended: None,
            deliveries: Vec::new(),
            outbox: Vec::new(),
            name: None,
            headless: false,
            resuming: None,
            messages: false,
        }
    }

    /// The launch of this session in `process`, ended or not.
    #[must_use]
    pub fn launch(&self, process: &Process) -> Option<&Launch> {
        self.launches.iter().find(|launch| launch.process == *process)
    }

    /// The same, to be changed.
    pub fn launch_mut(&mut self, process: &Process) -> Option<&mut Launch> {
        self.launches.iter_mut().find(|launch| launch.process == *process)
    }

    /// Removes the announcements about a run from the outbox; returns them.
    pub fn take_announcements(&mut self, run: &RunId) -> Vec<OutboxEntry> {
        let is_taken = |entry: &OutboxEntry| entry.id.run == *run && !entry.id.reason.is_standing();
        let taken = self.outbox.iter().filter(|entry| is_taken(entry)).cloned().collect();
        self.outbox.retain(|entry| !is_taken(entry));
        taken
    }

    /// Whether this session has a launch in `process` that is not known to have ended.
    #[must_use]
    pub fn has_open_launch(&self, process: &Process) -> bool {
        self.launch(process).is_some_and(|launch| launch.ended.is_none())
    }
}
