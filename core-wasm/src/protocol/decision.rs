//! The core's answer to a request.

use serde::{Deserialize, Serialize};

use crate::event::LastTurn;
use crate::id::RunId;
use crate::pane::Pane;
use crate::reason::Reason;
use crate::run::Run;
use crate::session::{Dropped, NotificationId, Session};

/// The core's answer: the reason, the changes of records and the notifications.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    /// The version of the protocol.
    pub protocol: u32,
    /// The most important row that applied.
    pub reason: Reason,
    /// The other rows that applied, in the order of the tables.
    pub also: Vec<Reason>,
    /// The changes of records. The host applies all of them or none.
    pub changes: Vec<Change>,
    /// What to tell the model and the user.
    pub notifications: Vec<Notification>,
}

impl Decision {
    /// Returns a decision without changes and notifications.
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

    /// Returns whether the row of `reason` applied.
    #[must_use]
    pub fn has(&self, reason: Reason) -> bool {
        self.reason == reason || self.also.contains(&reason)
    }
}

/// A change to one record.
///
/// The host refuses the whole decision if one of its changes names a record that was neither in the snapshot nor in the
/// request, if it is based on another revision, or if two changes name the same record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// The revision on which the change is based, or `None` for a new record.
    pub before: Option<u64>,
    /// The location to which the record is written.
    pub to: Location,
    /// The new content of the record. Its revision is `before + 1`, or 1 for a new record.
    pub record: Record,
}

/// The location of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// Among the live records.
    Live,
    /// In the archive.
    Archive,
    /// In the trash, which is emptied after some time. Only sessions go there, and the core never sends one.
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

/// Something to tell a model or a user. It contains only ids, numbers and fixed words. The host renders the text, and
/// shows names only to the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "notification", rename_all = "snake_case")]
pub enum Notification {
    /// Tells the model and the user that this session now owns the run.
    Transferred {
        /// The run and its fence. The reply that carries the notification acknowledges them.
        id: NotificationId,
        /// The run's iteration.
        iteration: u32,
        /// The pane of the previous owner.
        from: Pane,
    },
    /// Tells the user that another process owns the run. With the reason `ownership_lost`, it tells the model too.
    OwnerElsewhere {
        /// The run, its fence, and the reason: the owner is alive, baton cannot tell, or the session has lost the run.
        id: NotificationId,
        /// The owner's pane.
        pane: Pane,
        /// The owner's pid.
        pid: u32,
        /// Whether the owner is on another machine of the fleet, where pane and pid have no meaning here.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        other_machine: bool,
        /// Whether the owner's lease has ended, so that the user may take the run without forcing it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        lapsed: bool,
        /// What the session did last without the fleet's database, and what is lost because the run moved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dropped: Option<Dropped>,
        /// Whether the run was handed over with its session and no process owns it yet.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        handed_over: bool,
    },
    /// Tells the user that the owner of a run of this project is gone, or that the user left it in this window.
    Interrupted {
        /// The run, its fence and the reason.
        id: NotificationId,
        /// The run's iteration.
        iteration: u32,
        /// Whether the owner's lease has ended, but nothing proves that the owner has.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        lapsed: bool,
    },
    /// Reports on a loop. With the reason `iterated`, it tells the model that the loop continues. With any other
    /// reason, it tells the user why the loop ended, paused or waits.
    Loop {
        /// The run, its fence and the reason.
        id: NotificationId,
        /// The loop's iteration.
        iteration: u32,
        /// The limit of iterations, if there is one.
        of: Option<u32>,
    },
    /// Tells the user that the session's run was inactive for too long and is therefore abandoned. With the reason `fleet_left` or
    /// `replaced_after_restore`, it tells the model too, and the two numbers are 0.
    Abandoned {
        /// The run, its fence and the reason.
        id: NotificationId,
        /// The run's iteration.
        iteration: u32,
        /// How long the run was inactive, in milliseconds.
        idle_ms: u64,
        /// The threshold, in milliseconds.
        threshold_ms: u64,
    },
    /// Tells the model and the user that the turn before the resume was interrupted.
    LastTurn {
        /// How that turn ended.
        turn: LastTurn,
    },
    /// Tells the user that several unfinished runs belong to the session.
    SeveralRuns {
        /// The first run and its fence.
        id: NotificationId,
        /// The runs.
        runs: Vec<RunId>,
    },
}

impl Notification {
    /// Returns what the session's log acknowledges after a reply carried the notification, or `None` for a notification
    /// that is sent at most once and never acknowledged.
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
