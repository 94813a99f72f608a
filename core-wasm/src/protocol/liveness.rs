//! Whether something lives, and what shows it.

use serde::{Deserialize, Serialize};

use crate::process::Live;

/// A verdict with its evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liveness {
    /// Whether it lives.
    pub live: Live,
    /// What shows that, or why it cannot be known.
    pub evidence: Evidence,
}

impl Liveness {
    /// It lives.
    #[must_use]
    pub const fn yes(evidence: Evidence) -> Self {
        Self { live: Live::Yes, evidence }
    }

    /// It is proved to have ended.
    #[must_use]
    pub const fn no(evidence: Evidence) -> Self {
        Self { live: Live::No, evidence }
    }

    /// It cannot be known.
    #[must_use]
    pub const fn unknown(evidence: Evidence) -> Self {
        Self { live: Live::Unknown, evidence }
    }
}

/// What a liveness verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Lives: a process with the recorded pid and start time runs.
    Running,
    /// Lives: its process runs and holds the lock of the session.
    LockHeld,
    /// Ended: the agent said so, or its process announced another session.
    EndRecorded,
    /// Ended: the machine was restarted since.
    Rebooted,
    /// Ended: no process has the pid.
    Gone,
    /// Ended: its process has exited and waits to be reaped.
    Zombie,
    /// Ended: the pid belongs to a process that started at another time.
    PidReused,
    /// Ended: the agent's own file says that the process shows another session.
    ShowsAnother,
    /// Ended: the process released the lock that it was seen to hold.
    LockReleased,
    /// No process was ever seen to show the session.
    NeverSeen,
    /// Unknown: it is of another machine.
    OtherMachine,
    /// Unknown: it is of another pid namespace, as in a container.
    OtherNamespace,
    /// Unknown: something that the verdict needs could not be read.
    Unreadable,
}
