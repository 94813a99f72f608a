//! What the core answers.

use serde::{Deserialize, Serialize};

use crate::event::LastTurn;
use crate::id::RunId;
use crate::pane::Pane;
use crate::reason::Reason;
use crate::run::Run;
use crate::session::{NotificationId, Session};

/// The core's answer: why, what changes, and what is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    /// The protocol's number.
    pub protocol: u32,
    /// The row that decided.
    pub reason: Reason,
    /// Every further row that applied, in order.
    pub also: Vec<Reason>,
    /// The changes: all of them or none.
    pub changes: Vec<Change>,
    /// What is said to the model and to the user.
    pub notifications: Vec<Notification>,
}

impl Decision {
    /// A decision that changes and says nothing.
    #[must_use]
    pub const fn nothing(reason: Reason) -> Self {
        Self {
            protocol: crate::request::PROTOCOL,
            reason,
            also: Vec::new(),
            changes: Vec::new(),
            notifications: Vec::new(),
        }
    }

    /// Whether a row applied.
    #[must_use]
    pub fn has(&self, reason: Reason) -> bool {
        self.reason == reason || self.also.contains(&reason)
    }
}

/// A change to one record. The host refuses a decision whole when one of its changes names a record that was not in the
/// snapshot or the request, was decided on another revision, or changes a record twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// The revision it was decided on; none where the record is new.
    pub before: Option<u64>,
    /// Where the record goes.
    pub to: Location,
    /// The record as it shall be; its revision is `before` + 1, or 1.
    pub record: Record,
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// Among the live records.
    Live,
    /// In the archive.
    Archive,
    /// In the trash, which is emptied after a while. Only sessions go there, and never by the core's word.
    Trash,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A session.
    Session(Box<Session>),
    /// A run.
    Run(Box<Run>),
}

impl Record {
    /// The record's id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Session(session) => session.id.as_str(),
            Self::Run(run) => run.id.as_str(),
        }
    }

    /// The record's revision.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        match self {
            Self::Session(session) => session.revision,
            Self::Run(run) => run.revision,
        }
    }
}

/// Something to be said. It holds ids, numbers and fixed words alone: the host renders it, with names only for the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "notification", rename_all = "snake_case")]
pub enum Notification {
    /// To the model and to the user: the run has a new owner, and it is you.
    Transferred {
        /// The run and its fence, which a reply that carries it acknowledges.
        id: NotificationId,
        /// How often the run went round.
        iteration: u32,
        /// The pane of the owner before.
        from: Pane,
    },
    /// To the user: another process owns the run.
    OwnerElsewhere {
        /// The run, its fence, and whether the owner lives or cannot be verified.
        id: NotificationId,
        /// The owner's pane.
        pane: Pane,
        /// The owner's pid.
        pid: u32,
    },
    /// To the user: a run of this project has an owner that is gone, or that was left in this very pane.
    Interrupted {
        /// The run, its fence, and the row.
        id: NotificationId,
        /// How often the run went round.
        iteration: u32,
    },
    /// Of a loop: with the row `iterated`, to the model, that it goes round again; else to the user, why it ended, paused or waits.
    Loop {
        /// The run, its fence, and the row.
        id: NotificationId,
        /// How often it went round.
        iteration: u32,
        /// How often it may.
        of: Option<u32>,
    },
    /// To the user: nothing happened to the session's run for too long, so it was abandoned.
    Abandoned {
        /// The run, its fence, and the row.
        id: NotificationId,
        /// How often the run went round.
        iteration: u32,
        /// For how long nothing happened, in milliseconds.
        idle_ms: u64,
        /// The limit, in milliseconds.
        threshold_ms: u64,
    },
    /// To the model and to the user: the turn before the resume was cut.
    LastTurn {
        /// How.
        turn: LastTurn,
    },
    /// To the user: several unfinished runs belong to the session.
    SeveralRuns {
        /// The first run and its fence.
        id: NotificationId,
        /// The runs.
        runs: Vec<RunId>,
    },
}

impl Notification {
    /// What the session's log acknowledges once a reply carried it; none of what is said once, in this reply or never.
    #[must_use]
    pub const fn id(&self) -> Option<&NotificationId> {
        match self {
            Self::Transferred { id, .. }
            | Self::OwnerElsewhere { id, .. }
            | Self::Interrupted { id, .. }
            | Self::Abandoned { id, .. }
            | Self::SeveralRuns { id, .. } => Some(id),
            Self::Loop { id, .. } if id.reason.ends_loop() || id.revision.is_some() => Some(id),
            Self::Loop { .. } | Self::LastTurn { .. } => None,
        }
    }
}
