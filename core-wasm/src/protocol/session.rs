//! The record of a session.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::protocol::agent::Agent;
use crate::protocol::event::{EventName, Source};
use crate::protocol::fence::Fence;
use crate::protocol::id::{RunId, SessionId};
use crate::protocol::pane::Pane;
use crate::protocol::process::Process;
use crate::protocol::reason::Reason;
use crate::protocol::run::RunName;
use crate::protocol::timestamp::Timestamp;

/// The most launches kept in a record: ended ones go first, the oldest first; one that owns a run stays.
pub const MAX_LAUNCHES: usize = 16;

/// The most deliveries kept for the rule of one event delivered twice.
pub const MAX_DELIVERIES: usize = 4;

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
    /// The interrupted runs of its project that the user was offered in it.
    pub offered: Vec<RunId>,
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
    /// A change of owner, or the end of a loop, whose telling is not known to have been written out.
    pub untold: Option<NotificationId>,
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
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
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
    /// What the user was told in it, so that nothing is told twice.
    pub told: Vec<NotificationId>,
    /// What was told in it and is not known to have been written out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<NotificationId>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
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

/// Something that was, or is to be, told about an owner of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotificationId {
    /// The run.
    pub run: RunId,
    /// The owner, by its fence.
    pub fence: Fence,
    /// What was told.
    pub reason: Reason,
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
            offered: Vec::new(),
            runs_ended: 0,
            prompted: false,
            has_context: false,
            pinned: false,
            created: now.clone(),
            updated: now.clone(),
            ended: None,
            deliveries: Vec::new(),
            untold: None,
            name: None,
            headless: false,
            resuming: None,
            messages: false,
            extra: Map::new(),
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

    /// Whether this session has a launch in `process` that is not known to have ended.
    #[must_use]
    pub fn is_shown_by(&self, process: &Process) -> bool {
        self.launch(process).is_some_and(|launch| launch.ended.is_none())
    }
}
