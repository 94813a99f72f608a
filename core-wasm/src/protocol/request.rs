//! What the host hands to the core.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::fence::Fence;
use crate::id::{RunId, SessionId};
use crate::loop_state::LoopLimits;
use crate::pane::Pane;
use crate::process::{CommandProbe, HostId, Probe, Process};
use crate::run::{Run, RunName};
use crate::session::{Delivery, NotificationId, Session};
use crate::supervisor_claim::SupervisorClaim;
use crate::timestamp::Timestamp;

/// The protocol's number; host and core refuse each other's where they differ.
pub const PROTOCOL: u32 = 2;

/// One question to the core: all that its answer may depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Request {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The moment of the decision.
    pub now: Timestamp,
    /// Where the host runs.
    pub place: HostId,
    /// Whether the host holds the lock; without it nothing may change.
    pub locked: bool,
    /// What is asked.
    pub input: Input,
    /// The records that it can touch.
    pub snapshot: Snapshot,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// What an agent's event changes.
    Event(Box<Event>),
    /// What a command changes.
    Command(Box<Command>),
}

/// A command of a user or of an agent's tool call, about one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Start a run that the session of the snapshot owns.
    Start {
        /// The new run's id, made by the host.
        run: RunId,
        /// Its name.
        name: RunName,
        /// Its first phase.
        phase: Option<String>,
        /// How often it may go round.
        max_iterations: Option<u32>,
        /// The owning session.
        session: SessionId,
        /// The owning launch's process.
        process: Process,
        /// What makes it a loop.
        #[serde(rename = "loop", default, skip_serializing_if = "Option::is_none")]
        loop_state: Option<LoopLimits>,
    },
    /// Advance a run.
    Update {
        /// The run.
        run: RunId,
        /// Who asks.
        caller: Caller,
        /// The new phase.
        phase: Option<String>,
        /// The new iteration.
        iteration: Option<u32>,
        /// The new limit.
        max_iterations: Option<u32>,
    },
    /// Ask whether the caller owns a run; changes nothing.
    Verify {
        /// The run.
        run: RunId,
        /// Who asks.
        caller: Caller,
    },
    /// End a run as done or failed.
    Finish {
        /// The run.
        run: RunId,
        /// Who asks.
        caller: Caller,
        /// Whether it failed.
        failed: bool,
        /// Why, in the owner's words.
        why: Option<String>,
    },
    /// End a run by a user's word.
    Cancel {
        /// The run.
        run: RunId,
        /// Why, in the user's words.
        why: Option<String>,
    },
    /// Start a run that a command drives, or go on with it after its supervisor and the command are gone.
    With {
        /// The run's id: a new one, or that of the unfinished run of this name and project.
        run: RunId,
        /// Its name.
        name: RunName,
        /// The worktree root.
        project: Option<String>,
        /// The supervisor.
        process: Process,
        /// Its pane.
        pane: Pane,
    },
    /// Record the command of a run, by its own word, before it begins.
    Attach {
        /// The run.
        run: RunId,
        /// The number of the supervisor that started it.
        fence: Fence,
        /// The command's process.
        child: Process,
    },
    /// Pause a run by a user's word.
    Pause {
        /// The run.
        run: RunId,
        /// Why, in the user's words.
        why: Option<String>,
    },
    /// Let a run go on that is paused or waits.
    Continue {
        /// The run.
        run: RunId,
    },
    /// Give a run to a session, by a user's word.
    Adopt {
        /// The run.
        run: RunId,
        /// The new owning session.
        session: SessionId,
        /// The new owning launch's process.
        process: Process,
        /// Take it although whether the owner lives cannot be known.
        force: bool,
        /// Take it although the owner lives.
        take: bool,
    },
}

impl Command {
    /// The run that the command names.
    #[must_use]
    pub const fn run(&self) -> &RunId {
        match self {
            Self::Start { run, .. }
            | Self::Update { run, .. }
            | Self::Verify { run, .. }
            | Self::Finish { run, .. }
            | Self::Cancel { run, .. }
            | Self::With { run, .. }
            | Self::Attach { run, .. }
            | Self::Pause { run, .. }
            | Self::Continue { run }
            | Self::Adopt { run, .. } => run,
        }
    }

    /// The session that the command names.
    #[must_use]
    pub const fn session(&self) -> Option<&SessionId> {
        match self {
            Self::Start { session, .. } | Self::Adopt { session, .. } => Some(session),
            _ => None,
        }
    }
}

/// Who asks to advance a run: by number, or by standing beneath the owner.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Caller {
    /// The fence given with the command.
    pub fence: Option<Fence>,
    /// The session that the nearest agent above the caller names in the environment.
    pub session: Option<SessionId>,
    /// The agents among the caller's ancestors, nearest first.
    pub ancestors: Vec<Process>,
    /// That it stands beneath a command, as its environment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervisor_claim: Option<SupervisorClaim>,
}

/// The records that a decision may touch, as they stand.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Snapshot {
    /// The session of the event, or the one that the command names.
    pub session: Reading<Session>,
    /// The runs that the session's record names, and the one that the command names.
    pub runs: Vec<Named<Run>>,
    /// Sessions of the same process, and of the same pane.
    pub neighbours: Vec<Named<Session>>,
    /// What the machine showed of launches; one that is missing counts as unknown.
    pub probes: Vec<Probe>,
    /// What the machine showed of commands and their supervisors; one that is missing counts as unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<CommandProbe>,
    /// The newest lines of the session's log that are deliveries.
    pub deliveries: Vec<Delivery>,
    /// The notifications to the event's process, and to the session as a whole, that the session's log acknowledges.
    pub acknowledged: Vec<NotificationId>,
    /// The thresholds in force.
    pub limits: Limits,
}

/// Thresholds that a user can set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limits {
    /// How long a run's owner may have been gone before the run counts as abandoned, in milliseconds.
    pub stale_after_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { stale_after_ms: 7 * 24 * 60 * 60 * 1000 }
    }
}

/// A record under its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Named<T> {
    /// The id under which it was looked for.
    pub id: String,
    /// What was found.
    pub reading: Reading<T>,
}

/// What reading a record gave. Unreadable is not absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reading<T> {
    /// There is none.
    #[default]
    Absent,
    /// It is there.
    Live(T),
    /// It is in the archive.
    Archived(T),
    /// Something is there that cannot be read, or is not what it should be.
    Unreadable,
    /// A user deleted it: what is left of it is a tombstone, and only a user brings it back.
    Deleted,
}

impl<T> Reading<T> {
    /// The record, wherever it stands.
    #[must_use]
    pub const fn record(&self) -> Option<&T> {
        match self {
            Self::Live(record) | Self::Archived(record) => Some(record),
            Self::Absent | Self::Unreadable | Self::Deleted => None,
        }
    }
}

impl Request {
    /// The pane of the event, or unknown for a command.
    #[must_use]
    pub fn pane(&self) -> Pane {
        match &self.input {
            Input::Event(event) => event.pane.clone(),
            Input::Command(_) => Pane::Unknown,
        }
    }
}
