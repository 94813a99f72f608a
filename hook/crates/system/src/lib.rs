//! The system: processes, locks, clocks, panes, worktrees, and the multiplexers' own programs.
//!
//! May touch: `/proc`, the machine's ids, the environment, and the directories that it is asked about. It changes nothing.
//! [`multiplexer`] starts tmux or zellij, for commands only: no event ever starts a program here. Each read is bounded in
//! bytes and made only on demand, because the fast path can afford few reads.

pub mod ancestry;
pub mod child;
pub mod environment;
#[cfg(any(test, feature = "testing"))]
pub mod fake_system;
pub mod linux;
pub mod lock_table;
pub mod multiplexer;
pub mod pane;
pub mod process_stat;
pub mod process_state;
pub mod worktree;

use std::io;
use std::path::PathBuf;

use agent_baton_core::process::{HostId, Process};
use agent_baton_core::timestamp::Timestamp;

use lock_table::LockTable;
use process_stat::ProcessStat;

pub use linux::Linux as CurrentSystem;

#[cfg(not(target_os = "linux"))]
compile_error!("baton runs on Linux only: it identifies processes and locks by /proc");

/// Why the identity of this process cannot be read. Without it, no process can be identified.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// Something that every identity needs cannot be read.
    #[error("{path} cannot be read, so no process can be told from another; is /proc mounted?")]
    Unreadable {
        /// What was read.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Something that every identity needs is not what it should be.
    #[error("{path} does not hold {what}, so no process can be told from another")]
    Malformed {
        /// What was read.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// `/proc` numbers processes in another way than this process' own pid namespace.
    #[error("/proc belongs to another pid namespace (it calls this process {theirs}, which is {ours}); mount its own")]
    ForeignProc {
        /// This process' pid.
        ours: u32,
        /// The pid that `/proc` has for it.
        theirs: u32,
    },
}

/// The identity of this process: where it runs, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentProcess {
    /// The boot, machine and pid namespace.
    pub place: HostId,
    /// This process' start, in ticks since boot.
    pub start: u64,
    /// This process' start, in milliseconds since boot (rounded down to a tick, 10 ms on most machines).
    pub start_ms: u64,
    /// The parent's pid.
    pub parent: u32,
}

impl CurrentProcess {
    /// How long a process that started at `start` had been running when this one started, in milliseconds.
    #[must_use]
    pub const fn age_ms(&self, start: u64) -> u64 {
        let ticks = self.start.saturating_sub(start);
        match ticks.saturating_mul(self.start_ms).checked_div(self.start) {
            Some(ms) => ms,
            None => 0,
        }
    }
}

/// What a lookup of a pid showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessLookup {
    /// A process has the pid.
    Found(ProcessStat),
    /// No process has it.
    Gone,
    /// It cannot be told whether one has it.
    Unreadable,
}

/// A system that runs agents. [`CurrentSystem`] is the one that baton was built for.
pub trait System {
    /// Identifies this process. Reads the boot id, the machine id, the pid namespace and one stat.
    ///
    /// # Errors
    /// See [`SystemError`].
    fn current_process(&self) -> Result<CurrentProcess, SystemError>;

    /// The present moment of the given boot.
    fn now(&self, place: &HostId) -> Timestamp;

    /// Looks up a pid, with one read.
    fn process(&self, pid: u32) -> ProcessLookup;

    /// The arguments of a process, the program's name first, cut at some kilobytes. `None` if they cannot be read.
    fn arguments(&self, pid: u32) -> Option<Vec<Vec<u8>>>;

    /// A variable that a process was started with. `None` if it is unset, empty, not UTF-8, or cannot be read.
    fn variable(&self, pid: u32, name: &str) -> Option<String>;

    /// All write locks on files, in one consistent reading. `None` if no consistent reading succeeds.
    fn lock_table(&self) -> Option<LockTable>;
}

/// The identity of a process that was looked up on a host.
#[must_use]
pub fn identity(stat: &ProcessStat, place: &HostId) -> Process {
    let HostId { boot, machine, pidns } = place.clone();
    Process { pid: stat.pid, start: stat.start, boot, machine, pidns }
}
