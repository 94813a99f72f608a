//! The protocol between the harness and a fake agent: one JSON line in each direction.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The variable that holds the path of the socket from which a fake agent takes orders.
pub const SOCKET: &str = "FAKE_AGENT_SOCKET";

/// The variable that holds the terminal that a fake agent takes as its own.
pub const TTY: &str = "FAKE_AGENT_TTY";

/// A program to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its complete environment.
    pub env: BTreeMap<String, String>,
    /// The directory to run it in.
    pub cwd: PathBuf,
    /// Its standard input.
    pub stdin: String,
    /// The shell between the fake agent and the program, if any.
    pub shell: Option<String>,
}

/// An order to a fake agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Run a program as a child, and answer when it has ended.
    Run(Run),
    /// Run several programs at once. All of them are started before the first gets its stdin.
    RunAll(Vec<Run>),
    /// Start another fake agent as a child, and answer with its pid.
    Spawn {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Its complete environment.
        env: BTreeMap<String, String>,
    },
    /// Take an exclusive lock on a file, which is created if necessary.
    Lock(PathBuf),
    /// Release the lock and remove the file.
    Unlock(PathBuf),
    /// Report the largest resident set of any child that has ended.
    Usage,
    /// Execute another program in the same process. There is no answer.
    Execute(Vec<String>),
    /// Exit with this status.
    Exit(i32),
}

/// An answer of a fake agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The first message on a connection: the fake agent's own pid and name.
    Hello {
        /// Its pid.
        pid: u32,
        /// Its name in `/proc/<pid>/comm`.
        comm: String,
    },
    /// The answer to [`Order::Run`] and [`Order::RunAll`].
    Ended(Vec<Ended>),
    /// The answer to [`Order::Spawn`].
    Spawned(u32),
    /// The answer to [`Order::Usage`], in KiB.
    Usage(u64),
    /// The answer to all other orders.
    Done,
    /// The order could not be carried out.
    Failed(String),
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its exit status. `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout, with bytes that are not UTF-8 replaced.
    pub stdout: String,
    /// What it wrote to stderr, converted in the same way.
    pub stderr: String,
    /// The time from before its start until it was reaped, in nanoseconds.
    pub wall_ns: u64,
}
