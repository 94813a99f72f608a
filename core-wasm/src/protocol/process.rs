//! The identity of a process, and what the machine says about it.

use serde::{Deserialize, Serialize};

use crate::id::{RunId, SessionId};

/// The identity of one launch of a program. A pid alone is not an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Process {
    /// The pid in its own pid namespace.
    pub pid: u32,
    /// When it started, in the kernel's clock ticks since boot (field 22 of `/proc/<pid>/stat`).
    pub start: u64,
    /// The kernel's id of the boot.
    pub boot: String,
    /// The machine's id.
    pub machine: String,
    /// The pid namespace: the inode of `/proc/self/ns/pid`.
    pub pidns: u64,
}

impl Process {
    /// Returns whether both processes see the same directories under the same paths, as far as can be told. A container
    /// has a pid namespace of its own, and other paths.
    #[must_use]
    pub fn shares_paths_with(&self, other: &Self) -> bool {
        self.machine == other.machine && self.pidns == other.pidns
    }
}

/// The program that a process executes. A process can execute another one, and keeps its pid and start time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Program {
    /// The name of the process (field 2 of `/proc/<pid>/stat`). A process can change it.
    pub name: String,
    /// The device and the inode of its file, or `None` if they cannot be read. An updated program has another file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// The machine, boot and pid namespace in which baton runs. baton can only judge processes with the same host id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostId {
    /// The kernel's id of the current boot.
    pub boot: String,
    /// The machine's id.
    pub machine: String,
    /// The pid namespace.
    pub pidns: u64,
}

/// Whether a launch is alive. Only `No` permits a transfer of its run.
///
/// The values are ordered: of several launches, the greatest value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Live {
    /// It has provably ended.
    No,
    /// Not known: it belongs to another machine or pid namespace, something was unreadable, or it was not probed.
    Unknown,
    /// The process is alive, and nothing says that it left the session.
    Yes,
}

/// What a probe found under a pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProcessState {
    /// A process with this pid and start time exists. A stopped process counts as running.
    Running,
    /// The process exists but has exited: it is a zombie.
    Zombie,
    /// No process has the pid.
    Gone,
    /// The pid belongs to a process with another start time.
    Reused,
    /// The state could not be read in time, or the process belongs to another machine or namespace.
    Unreadable,
}

/// What a probe found about the lock that a launch was seen to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LockState {
    /// The launch was never seen to hold a lock.
    #[default]
    None,
    /// The launch's process holds it.
    Held,
    /// The launch's process no longer holds it.
    Released,
    /// The lock table could not be read.
    Unreadable,
}

/// The result of probing one launch, read before the lock is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Probe {
    /// The session of the launch.
    pub session: SessionId,
    /// The process of the launch.
    pub process: Process,
    /// The state of the process according to `/proc`.
    pub state: ProcessState,
    /// The session that Claude's `sessions/<pid>.json` names for this process (same pid and start time), if it can be
    /// read.
    pub shows: Option<SessionId>,
    /// The state of the launch's lock according to `/proc/locks`.
    #[serde(default)]
    pub lock: LockState,
    /// The program that the process executes, or `None` if it is not needed or cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
}

/// The result of probing a supervised command and its supervisor, read before the lock is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CommandProbe {
    /// The run.
    pub run: RunId,
    /// The supervisor.
    pub supervisor: Process,
    /// The state of the supervisor according to `/proc`.
    pub state: ProcessState,
    /// The command, if it was started.
    pub child: Option<Process>,
    /// The state of the command according to `/proc`.
    pub child_state: Option<ProcessState>,
    /// The state of the supervisor's lock according to `/proc/locks`. It is `Held` if any process holds it.
    pub lock: LockState,
    /// The living processes that the command left behind, where its supervisor and itself are gone and somebody looked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survivors: Vec<Process>,
}
