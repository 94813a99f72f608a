//! One launch of a program, and what the machine shows of it.

use serde::{Deserialize, Serialize};

use crate::id::{RunId, SessionId};

/// One launch of an agent program. A pid alone is never an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Process {
    /// The pid, in its own pid namespace.
    pub pid: u32,
    /// When it started, in the kernel's ticks since boot (field 22 of `/proc/<pid>/stat`).
    pub start: u64,
    /// The kernel's id of the boot.
    pub boot: String,
    /// The machine's id.
    pub machine: String,
    /// The pid namespace (the inode of `/proc/self/ns/pid`).
    pub pidns: u64,
}

/// Where a call of baton runs: what a process must share with it to be judged at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostId {
    /// The kernel's id of the present boot.
    pub boot: String,
    /// The machine's id.
    pub machine: String,
    /// The pid namespace.
    pub pidns: u64,
}

/// Whether a launch lives. By rule only `No` permits taking something over.
///
/// Of several launches the greatest decides: one that lives, or else one that may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Live {
    /// Proved over.
    No,
    /// Not known: another machine or pid namespace, something unreadable, or never looked at.
    Unknown,
    /// The process lives and nothing says that it left the session.
    Yes,
}

/// What the machine showed of a pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProcessState {
    /// A process with this pid and start time is there (stopped counts).
    Running,
    /// It is there, but has ended: a zombie.
    Zombie,
    /// No process has the pid.
    Gone,
    /// The pid belongs to a process with another start time.
    Reused,
    /// Could not be read in time, or is not of this machine and namespace.
    Unreadable,
}

/// What the machine showed of the lock that a launch was seen to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LockState {
    /// The launch was never seen to hold one.
    #[default]
    None,
    /// The launch's process holds it.
    Held,
    /// The launch's process does not hold it any more.
    Released,
    /// Could not be read.
    Unreadable,
}

/// What the machine shows of one launch, read before the lock is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Probe {
    /// The session of the launch.
    pub session: SessionId,
    /// The process of the launch.
    pub process: Process,
    /// What `/proc` showed of the process.
    pub state: ProcessState,
    /// The session that Claude's `sessions/<pid>.json` names for this very process (pid and start), if it could be read.
    pub shows: Option<SessionId>,
    /// What `/proc/locks` showed of the lock recorded in the launch.
    #[serde(default)]
    pub lock: LockState,
}

/// What the machine shows of a command and its supervisor, read before the lock is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CommandProbe {
    /// The run.
    pub run: RunId,
    /// The supervisor.
    pub supervisor: Process,
    /// What `/proc` showed of it.
    pub state: ProcessState,
    /// The command, where it was started.
    pub child: Option<Process>,
    /// What `/proc` showed of that.
    pub child_state: Option<ProcessState>,
    /// What `/proc/locks` showed of the supervisor's lock: `Held` by whomever.
    pub lock: LockState,
}
