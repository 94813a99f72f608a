//! The request that the host sends to the core.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::fence::Fence;
use crate::fleet::{FleetRun, FleetStanding, ReleaseCause};
use crate::id::{RunId, SessionId};
use crate::loop_state::LoopLimits;
use crate::pane::Pane;
use crate::process::{CommandProbe, HostId, Probe, Process};
use crate::run::{Run, RunName};
use crate::session::{Delivery, NotificationId, Session};
use crate::supervisor_claim::SupervisorClaim;
use crate::timestamp::Timestamp;

/// The version of the protocol. Host and core refuse a request or a decision of another version.
pub const PROTOCOL: u32 = 2;

/// One question to the core. It contains everything on which the decision may depend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Request {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The time of the decision.
    pub now: Timestamp,
    /// The machine, boot and pid namespace in which the host runs.
    pub place: HostId,
    /// Whether the host holds the lock. Without the lock, a decision can change nothing.
    pub locked: bool,
    /// The event or command to decide.
    pub input: Input,
    /// The records that the decision may change, and the probes.
    pub snapshot: Snapshot,
}

/// The event or command to decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// An event of an agent.
    Event(Box<Event>),
    /// A command of a user, or of an agent's tool call.
    Command(Box<Command>),
}

impl Input {
    /// Returns the run as its row has it, if the input is to refresh the run's copy.
    #[must_use]
    pub fn refreshed_run(&self) -> Option<&Run> {
        match self {
            Self::Command(command) => match command.as_ref() {
                Command::Refresh { run, .. } => Some(run),
                _ => None,
            },
            Self::Event(_) => None,
        }
    }
}

/// A command about one run, given by a user or by an agent's tool call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Starts a run that the session of the snapshot owns.
    Start {
        /// The new run's id, which the host generates.
        run: RunId,
        /// Its name.
        name: RunName,
        /// Its first phase.
        phase: Option<String>,
        /// The limit of iterations.
        max_iterations: Option<u32>,
        /// The session that owns the run.
        session: SessionId,
        /// The process of the launch that owns the run.
        process: Process,
        /// The limits of the loop, if the run is a loop.
        #[serde(rename = "loop", default, skip_serializing_if = "Option::is_none")]
        loop_state: Option<LoopLimits>,
        /// The fleet that the run belongs to, if it belongs to one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fleet: Option<FleetRun>,
    },
    /// Updates a run.
    Update {
        /// The run.
        run: RunId,
        /// The caller.
        caller: Caller,
        /// The new phase.
        phase: Option<String>,
        /// The new iteration.
        iteration: Option<u32>,
        /// The new limit of iterations.
        max_iterations: Option<u32>,
    },
    /// Checks whether the caller owns a run. It changes nothing.
    Verify {
        /// The run.
        run: RunId,
        /// The caller.
        caller: Caller,
    },
    /// Ends a run as done or failed.
    Finish {
        /// The run.
        run: RunId,
        /// The caller.
        caller: Caller,
        /// Whether it failed.
        failed: bool,
        /// The owner's explanation.
        why: Option<String>,
    },
    /// Cancels a run at the user's request.
    Cancel {
        /// The run.
        run: RunId,
        /// The user's explanation.
        why: Option<String>,
    },
    /// Starts a supervised run, or continues it after its supervisor and its command are gone.
    With {
        /// The run's id: a new one, or that of the unfinished run with this name and project.
        run: RunId,
        /// Its name.
        name: RunName,
        /// The worktree root.
        project: Option<String>,
        /// The supervisor.
        process: Process,
        /// Its pane.
        pane: Pane,
        /// The living processes that earlier commands of this name left behind; none where that is not known.
        survivors: Option<Vec<Process>>,
        /// Whether to continue even if baton cannot tell whether the earlier command is alive.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        force: bool,
        /// The fleet that a new run belongs to, if it belongs to one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fleet: Option<FleetRun>,
    },
    /// Records the command of a supervised run. The new process asks for it before it executes the command.
    Attach {
        /// The run.
        run: RunId,
        /// The fence of the supervisor that started it.
        fence: Fence,
        /// The command's process.
        child: Process,
    },
    /// Pauses a run at the user's request.
    Pause {
        /// The run.
        run: RunId,
        /// The user's explanation.
        why: Option<String>,
    },
    /// Continues a run that is paused or waiting.
    Continue {
        /// The run.
        run: RunId,
    },
    /// Gives a run to a session at the user's request.
    Adopt {
        /// The run.
        run: RunId,
        /// The session that takes over the run.
        session: SessionId,
        /// The process of the launch that takes over the run.
        process: Process,
        /// Whether to take it even if baton cannot tell whether the owner is alive.
        force: bool,
        /// Whether to take it even if the owner is alive.
        take: bool,
    },
    /// Brings the copy of a fleet run in line with its row, or makes a copy if there is none. The snapshot has the sessions of
    /// both owners, and the standing of the row's owner.
    Refresh {
        /// The run as its row has it. It has no pane, no path and no text that a user stated.
        run: Box<Run>,
        /// The worktree root on this machine, for a new copy.
        project: Option<String>,
    },
    /// Takes the copy of a fleet run out of its fleet, because no row will ever decide about it again.
    Release {
        /// The run.
        run: RunId,
        /// Why.
        cause: ReleaseCause,
    },
}

impl Command {
    /// Returns the run that the command names.
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
            | Self::Adopt { run, .. }
            | Self::Release { run, .. } => run,
            Self::Refresh { run, .. } => &run.id,
        }
    }

    /// Returns whether the user ordered it against what baton knows, or without anything to know.
    #[must_use]
    pub const fn is_forced(&self) -> bool {
        matches!(
            self,
            Self::Adopt { force: true, .. } | Self::Adopt { take: true, .. } | Self::With { force: true, .. }
        )
    }

    /// Returns the session that the command names.
    #[must_use]
    pub const fn session(&self) -> Option<&SessionId> {
        match self {
            Self::Start { session, .. } | Self::Adopt { session, .. } => Some(session),
            Self::Refresh { run, .. } => run.owner.session.as_ref(),
            _ => None,
        }
    }
}

/// The caller of a command. It may update a run if it knows the fence, or if it is a descendant of the owner.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Caller {
    /// The fence given with the command.
    pub fence: Option<Fence>,
    /// The session that the nearest agent above the caller names in the environment.
    pub session: Option<SessionId>,
    /// The agents among the caller's ancestors, nearest first.
    pub ancestors: Vec<Process>,
    /// The supervised run that the environment claims for the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervisor_claim: Option<SupervisorClaim>,
}

/// The records that a decision may change, in their current state, and the probes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Snapshot {
    /// The session of the event, or the one that the command names.
    pub session: Reading<Session>,
    /// The runs that the session's record names, and the run that the command names.
    pub runs: Vec<Named<Run>>,
    /// The sessions of the same process and of the same pane.
    pub neighbours: Vec<Named<Session>>,
    /// The probes of launches. A launch without a probe has unknown liveness.
    pub probes: Vec<Probe>,
    /// The probes of commands and their supervisors. A run without a probe has unknown liveness.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<CommandProbe>,
    /// The newest deliveries in the session's log.
    pub deliveries: Vec<Delivery>,
    /// The notifications, to the event's process and to the session as a whole, that the session's log acknowledges.
    pub acknowledged: Vec<NotificationId>,
    /// What the fleet says about the owners of the snapshot's runs. A run of a fleet that is not named here counts as
    /// [`FleetOwner::Unreachable`](crate::fleet::FleetOwner::Unreachable).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fleet: Vec<FleetStanding>,
    /// The thresholds in force.
    pub limits: Limits,
}

/// Thresholds that the user can configure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limits {
    /// How long the owner of a run may be gone before the run counts as abandoned, in milliseconds.
    pub stale_after_ms: u64,
    /// Whether a run of a fleet moves without a user once the lease of its owner on another machine has ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub take_lapsed: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { stale_after_ms: 7 * 24 * 60 * 60 * 1000, take_lapsed: false }
    }
}

/// The result of reading a record, with the record's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Named<T> {
    /// The id of the record.
    pub id: String,
    /// The result of reading it.
    pub reading: Reading<T>,
}

/// The result of reading a record. An unreadable record is not an absent one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reading<T> {
    /// The record does not exist.
    #[default]
    Absent,
    /// The record is live.
    Live(T),
    /// The record is in the archive.
    Archived(T),
    /// A file exists, but it cannot be read or is not a valid record.
    Unreadable,
    /// A user deleted the record. A tombstone remains, and only a user can restore the record.
    Deleted,
}

impl<T> Reading<T> {
    /// Returns the record, live or archived.
    #[must_use]
    pub const fn record(&self) -> Option<&T> {
        match self {
            Self::Live(record) | Self::Archived(record) => Some(record),
            Self::Absent | Self::Unreadable | Self::Deleted => None,
        }
    }
}

impl Request {
    /// Returns the pane of the event, or `Unknown` for a command.
    #[must_use]
    pub fn pane(&self) -> Pane {
        match &self.input {
            Input::Event(event) => event.pane.clone(),
            Input::Command(_) => Pane::Unknown,
        }
    }
}
