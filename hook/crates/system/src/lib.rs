//! The system: processes, locks, clocks, panes, worktrees, git remotes, and the programs of the multiplexers.
//!
//! May touch: `/proc`, the machine's ids, the environment, and the directories that it is asked about. It changes
//! nothing. [`multiplexer`] starts tmux or zellij, but only for commands: no event ever starts a program here. Each
//! read has a maximum size and happens only on demand, because the fast path can afford few reads.

pub mod ancestry;
pub mod environment;
#[cfg(any(test, feature = "testing"))]
pub mod fake_system;
pub mod foreground;
pub mod git_remote;
pub mod linux;
pub mod lock_table;
pub mod multiplexer;
pub mod pane;
pub mod process_stat;
pub mod process_state;
pub mod worktree;

use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use agent_baton_core::process::{HostId, Process};
use agent_baton_core::timestamp::Timestamp;

use lock_table::LockTable;
use process_stat::ProcessStat;

pub use linux::Linux as CurrentSystem;

#[cfg(not(target_os = "linux"))]
compile_error!("baton runs on Linux only: it identifies processes and locks by /proc");

/// Why the identity of this process cannot be read. Without it, baton cannot identify any process.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum SystemError {
    /// A file that every identity needs cannot be read.
    #[error("{path} cannot be read, so no process can be told from another")]
    Unreadable { path: PathBuf, source: io::Error },
    /// A file that every identity needs has unexpected content.
    #[error("{path} does not hold {what}, so no process can be told from another")]
    Malformed { path: PathBuf, what: &'static str },
    /// `/proc` belongs to another pid namespace, so its pids differ from those of this process.
    #[error("/proc belongs to another pid namespace (it calls this process {theirs}, which is {ours})")]
    ForeignProc { ours: u32, theirs: u32 },
}

/// The identity of this process: where it runs and when it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentProcess {
    /// The boot, machine and pid namespace.
    pub place: HostId,
    /// The start of this process, in ticks since boot.
    pub start: u64,
    /// The start of this process, in milliseconds since boot, rounded down to a tick (10 ms on most machines).
    pub start_ms: u64,
    /// The parent's pid.
    pub parent: u32,
}

impl CurrentProcess {
    /// Returns how long a process that started at `start` had been running when this one started, in milliseconds.
    #[must_use]
    pub const fn age_ms(&self, start: u64) -> u64 {
        let ticks = self.start.saturating_sub(start);
        match ticks.saturating_mul(self.start_ms).checked_div(self.start) {
            Some(ms) => ms,
            None => 0,
        }
    }
}

/// The result of looking up a pid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessLookup {
    /// A process has the pid.
    Found(ProcessStat),
    /// No process has it.
    Gone,
    /// It cannot be determined whether a process has the pid.
    Unreadable,
}

/// Returns where this process runs. Reads it once.
///
/// # Errors
/// Returns an error if the identity of this process cannot be read.
pub fn here() -> Result<&'static CurrentProcess, SystemError> {
    static HERE: OnceLock<CurrentProcess> = OnceLock::new();
    match HERE.get() {
        Some(here) => Ok(here),
        None => {
            let here = CurrentSystem.current_process()?;
            Ok(HERE.get_or_init(|| here))
        }
    }
}

/// The system on which agents run. [`CurrentSystem`] is the one for which baton was built.
pub trait System {
    /// Returns the identity of this process. Reads the boot id, the machine id, the pid namespace and one stat file.
    ///
    /// # Errors
    /// Returns a [`SystemError`] if one of these cannot be read.
    fn current_process(&self) -> Result<CurrentProcess, SystemError>;

    /// Returns the current time, on the clock of the given boot.
    fn now(&self, place: &HostId) -> Timestamp;

    /// Looks up a pid, with one read.
    fn process(&self, pid: u32) -> ProcessLookup;

    /// The pids of all processes that can be seen. `None` if they cannot be listed.
    fn pids(&self) -> Option<Vec<u32>>;

    /// Returns the arguments of a process, starting with the program's name and truncated to some kilobytes, or `None`
    /// if they cannot be read.
    fn arguments(&self, pid: u32) -> Option<Vec<Vec<u8>>>;

    /// Returns the device and the inode of the file that a process executes, or `None` if they cannot be read. The file may
    /// have been removed.
    fn program_file(&self, pid: u32) -> Option<String>;

    /// Returns a variable with which a process was started, or `None` if it is unset, empty, not UTF-8, or unreadable.
    fn variable(&self, pid: u32, name: &str) -> Option<String>;

    /// Returns the children of a process, or `None` if they cannot be listed.
    fn children(&self, pid: u32) -> Option<Vec<u32>>;

    /// Returns whether a process reads from a terminal on its standard input, or `None` if that cannot be determined.
    fn reads_terminal(&self, pid: u32) -> Option<bool>;

    /// Returns all write locks on files from one consistent read, or `None` if no consistent read succeeds.
    fn lock_table(&self) -> Option<LockTable>;
}

/// Returns the identity of a process that was looked up on a host.
#[must_use]
pub fn identity(stat: &ProcessStat, place: &HostId) -> Process {
    let HostId { boot, machine, pidns } = place.clone();
    Process { pid: stat.pid, start: stat.start, boot, machine, pidns }
}
