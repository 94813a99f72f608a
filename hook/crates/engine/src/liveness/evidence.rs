//! What shows that a launch lives, is over, or cannot be judged.

use agent_baton_core::process::{HostId, Live, LockState, Probe, ProcessState};
use agent_baton_core::session::Launch;
use schemars::JsonSchema;
use serde::Serialize;

/// By what a launch was judged: one word for each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Lives: its process runs, with the pid and the start that were recorded.
    Running,
    /// Lives: its process runs, and holds the lock of the session.
    LockHeld,
    /// Over: the agent said so, or its process announced another session.
    EndRecorded,
    /// Over: the machine was started anew since.
    Rebooted,
    /// Over: no process has the pid.
    Gone,
    /// Over: its process has ended, and only waits to be reaped.
    Zombie,
    /// Over: the pid belongs to a process that started at another time.
    PidReused,
    /// Over: the agent's own file says that the process shows another session.
    ShowsAnother,
    /// Over: the process let go of the lock that it was seen to hold.
    LockReleased,
    /// No process was ever seen to show the session.
    NeverSeen,
    /// Cannot be judged from here: it is of another machine.
    OtherMachine,
    /// Cannot be judged from here: it is of another pid namespace, as a container has.
    OtherNamespace,
    /// Cannot be judged: something that it takes could not be read.
    Unreadable,
}

impl Evidence {
    /// What led to `live`, in the order in which the rule asks.
    pub(super) fn explain(live: Live, place: &HostId, probe: Option<&Probe>, launch: &Launch) -> Self {
        let process = &launch.process;
        match (live, probe) {
            (_, None) => Self::EndRecorded,
            _ if process.machine != place.machine => Self::OtherMachine,
            _ if process.pidns != place.pidns => Self::OtherNamespace,
            _ if process.boot != place.boot => Self::Rebooted,
            (Live::No, Some(probe)) => Self::explain_end(probe),
            (Live::Yes, Some(probe)) if probe.lock == LockState::Held => Self::LockHeld,
            (Live::Yes, Some(_)) => Self::Running,
            (Live::Unknown, Some(_)) => Self::Unreadable,
        }
    }

    const fn explain_end(probe: &Probe) -> Self {
        match probe.sight {
            ProcessState::Gone => Self::Gone,
            ProcessState::Zombie => Self::Zombie,
            ProcessState::Reused => Self::PidReused,
            ProcessState::Running | ProcessState::Unreadable if matches!(probe.lock, LockState::Released) => {
                Self::LockReleased
            }
            ProcessState::Running | ProcessState::Unreadable => Self::ShowsAnother,
        }
    }

    /// It in a user's words, to stand after "alive", "over" or "unknown".
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Running => "its process runs",
            Self::LockHeld => "its process runs and holds the session's lock",
            Self::EndRecorded => "its end was recorded",
            Self::Rebooted => "the machine was started anew since",
            Self::Gone => "its process is gone",
            Self::Zombie => "its process has ended and is not reaped yet",
            Self::PidReused => "its pid belongs to another process by now",
            Self::ShowsAnother => "its process shows another session",
            Self::LockReleased => "its process let go of the session's lock",
            Self::NeverSeen => "no process was seen to show it",
            Self::OtherMachine => "it is of another machine",
            Self::OtherNamespace => "it is of another pid namespace, as a container has",
            Self::Unreadable => "what it takes to tell cannot be read",
        }
    }
}
