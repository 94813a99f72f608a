//! The record of a session.

use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::event::{EventName, Source};
use crate::fence::Fence;
use crate::id::{RunId, SessionId};
use crate::pane::Pane;
use crate::process::{Process, Program};
use crate::reason::Reason;
use crate::run::{Progress, RunName};
use crate::timestamp::Timestamp;

/// The maximum number of launches kept in a record. The oldest ended launches are removed first. A launch that owns a
/// run is never removed.
pub const MAX_LAUNCHES: usize = 16;

/// The maximum number of deliveries kept for recognising duplicate events.
pub const MAX_DELIVERIES: usize = 4;

/// The maximum number of entries kept in an outbox. The oldest acknowledged entries are removed first.
pub const MAX_OUTBOX: usize = 64;

/// One conversation of an agent. It survives a resume, and two windows can show it at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Session {
    /// The agent's own id.
    pub id: SessionId,
    /// The agent.
    pub agent: Agent,
    /// The revision of the record, which grows by one at each write.
    pub revision: u64,
    /// The worktree root in which the session was registered. It changes only if that directory no longer exists.
    pub project: Option<String>,
    /// The identity of that directory, or `None` if the file system has none that lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The working directory of the newest event on the slow path.
    pub cwd: Option<String>,
    /// The transcript that the newest event on the slow path named.
    pub transcript: Option<String>,
    /// The processes that show the session or showed it.
    pub launches: Vec<Launch>,
    /// The unfinished runs that it owns. There is more than one only in a foreign or damaged state directory.
    pub runs: Vec<RunId>,
    /// How many of its runs have ended.
    pub runs_ended: u32,
    /// Whether it ever got a prompt.
    pub prompted: bool,
    /// Whether it was ever seen to contain a conversation.
    pub has_context: bool,
    /// Whether a user pinned it.
    pub pinned: bool,
    /// When a user dismissed it. It is shown again once its status has changed after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed: Option<Timestamp>,
    /// When it was registered.
    pub created: Timestamp,
    /// When this record was last written.
    pub updated: Timestamp,
    /// How it ended, or `None` while it has a launch that is not known to have ended.
    pub ended: Option<Ended>,
    /// The newest events on the slow path.
    pub deliveries: Vec<Delivery>,
    /// The notifications that its user and model must get, or that they got and must not get again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<OutboxEntry>,
    /// The name that the user gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<RunName>,
    /// Whether every launch so far ran without a user, as `claude -p` and `codex exec` do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub headless: bool,
    /// The user's order to resume it, until a launch follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resuming: Option<Resuming>,
    /// Whether the user had stored messages enabled at the newest event on the slow path. The fast path does not read
    /// the configuration and relies on this field.
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
    /// How the session began, if the launch was announced.
    pub source: Option<Source>,
    /// When it was first seen, or last announced.
    pub started: Timestamp,
    /// How it ended, or `None` if it is not known to have ended.
    pub ended: Option<Ended>,
    /// The path of the session lock that the process was seen to hold (Codex).
    pub lock: Option<String>,
    /// The program that the process executed when it last sent an event on the slow path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    /// The agent's directory, if the process was started with the variable that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// The supervised run of which this launch is an iteration. Such a launch cannot own a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration_of: Option<RunId>,
}

/// When and how something ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ended {
    /// The time of the end.
    pub at: Timestamp,
    /// The rule that applied.
    pub reason: Reason,
}

/// An order to resume a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resuming {
    /// The time of the order.
    pub at: Timestamp,
    /// The process that was started for it, or `None` while it is unknown.
    pub process: Option<Process>,
}

/// One delivery of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Delivery {
    /// The digest of the payload.
    pub digest: String,
    /// The agent's process.
    pub process: Process,
    /// When the event was committed, or when its log line was written.
    pub at: Timestamp,
    /// The event's name, or `None` in records of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventName>,
    /// By what the turn goes on (`Stop` only); none where the user has the next word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuation: Option<Continuation>,
}

/// By what an agent goes on that wanted to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Continuation {
    /// The prompt of its loop.
    Loop,
    /// Background work of its own, which starts the next turn.
    BackgroundWork,
}

/// The identity of a notification: a reason, about one owner of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotificationId {
    /// The run.
    pub run: RunId,
    /// The owner's fence.
    pub fence: Fence,
    /// The reason.
    pub reason: Reason,
    /// The revision of the run at which the reason applied, for a reason that can apply again under the same fence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// The recipient of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Any launch of the session.
    Session,
    /// Only the launch in this process.
    Launch(Process),
}

/// A notification that must be delivered, or that was delivered and must not be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OutboxEntry {
    /// The identity of the notification.
    pub id: NotificationId,
    /// The recipient.
    pub audience: Audience,
    /// Whether the session's log shows that a reply carried it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acknowledged: bool,
    /// With the reason `ownership_lost`: what this owner did last without the fleet's database. The new owner did not get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
}

/// What an owner of a fleet run did while the fleet's database could not be reached, and what is lost because the run moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dropped {
    /// The iteration that the new owner took over.
    pub after: u32,
    /// How far the old owner was.
    pub reached: Progress,
}

impl Session {
    /// Returns a new record that contains only the agent and the id.
    #[must_use]
    pub fn new(agent: Agent, id: SessionId, now: &Timestamp) -> Self {
        Self {
            id,
            agent,
            revision: 0,
            project: None,
            directory: None,
            cwd: None,
            transcript: None,
            launches: Vec::new(),
            runs: Vec::new(),
            runs_ended: 0,
            prompted: false,
            has_context: false,
            pinned: false,
            dismissed: None,
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

    /// Returns the launch of this session in `process`, whether it has ended or not.
    #[must_use]
    pub fn launch(&self, process: &Process) -> Option<&Launch> {
        self.launches.iter().find(|launch| launch.process == *process)
    }

    /// Returns the launch of this session in `process`, for changing it.
    pub fn launch_mut(&mut self, process: &Process) -> Option<&mut Launch> {
        self.launches.iter_mut().find(|launch| launch.process == *process)
    }

    /// Removes the announcements about a run from the outbox and returns them.
    pub fn take_announcements(&mut self, run: &RunId) -> Vec<OutboxEntry> {
        let is_taken = |entry: &OutboxEntry| entry.id.run == *run && !entry.id.reason.is_standing();
        let taken = self.outbox.iter().filter(|entry| is_taken(entry)).cloned().collect();
        self.outbox.retain(|entry| !is_taken(entry));
        taken
    }

    /// Returns whether this session has a launch in `process` that is not known to have ended.
    #[must_use]
    pub fn has_open_launch(&self, process: &Process) -> bool {
        self.launch(process).is_some_and(|launch| launch.ended.is_none())
    }
}
