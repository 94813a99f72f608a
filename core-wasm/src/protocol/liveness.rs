//! Whether a process or a launch is alive, and the evidence for it.

use serde::{Deserialize, Serialize};

use crate::process::Live;

/// A verdict on liveness and its evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liveness {
    /// Whether it is alive.
    pub live: Live,
    /// What proves the verdict, or why liveness cannot be known.
    pub evidence: Evidence,
}

impl Liveness {
    /// Returns the verdict that it is alive.
    #[must_use]
    pub const fn yes(evidence: Evidence) -> Self {
        Self { live: Live::Yes, evidence }
    }

    /// Returns the verdict that it has provably ended.
    #[must_use]
    pub const fn no(evidence: Evidence) -> Self {
        Self { live: Live::No, evidence }
    }

    /// Returns the verdict that its liveness cannot be known.
    #[must_use]
    pub const fn unknown(evidence: Evidence) -> Self {
        Self { live: Live::Unknown, evidence }
    }
}

/// The evidence for a liveness verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Alive: a process with the recorded pid and start time is running.
    Running,
    /// Alive: its process is running and holds the session's lock.
    LockHeld,
    /// Ended: the agent reported the end, or its process announced another session.
    EndRecorded,
    /// Ended: the machine was restarted since.
    Rebooted,
    /// Ended: no process has the pid.
    Gone,
    /// Ended: its process has exited and has not been reaped.
    Zombie,
    /// Ended: the pid now belongs to a process with another start time.
    PidReused,
    /// Ended: its process executes another program, with another name and another file.
    OtherProgram,
    /// Ended: the agent's own file says that the process shows another session.
    ShowsAnother,
    /// Ended: the process no longer holds the lock that it was seen to hold.
    LockReleased,
    /// No process was ever seen showing the session.
    NeverSeen,
    /// Unknown: it belongs to another machine.
    OtherMachine,
    /// Unknown: it belongs to another pid namespace, for example a container.
    OtherNamespace,
    /// Unknown: the name of its program or the file of its program is another, so it may have been updated or replaced.
    ChangedProgram,
    /// Unknown: some of the evidence could not be read.
    Unreadable,
}
