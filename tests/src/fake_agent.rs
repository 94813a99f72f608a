//! The words between the harness and a fake agent agent process: one JSON line each way.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The variable that holds the path of the socket a fake agent is steered by.
pub const SOCKET: &str = "FAKE_AGENT_SOCKET";

/// The variable that holds the terminal a fake agent takes as its own.
pub const TTY: &str = "FAKE_AGENT_TTY";

/// A program to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
    /// The directory to run it in.
    pub cwd: PathBuf,
    /// What it reads.
    pub stdin: String,
    /// The shell that stays between the fake agent and the program, if any.
    pub shell: Option<String>,
}

/// What a fake agent is told to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Run a program as a child, and answer when it has ended.
    Run(Run),
    /// Run several at once: all of them are started before the first is given its stdin.
    RunAll(Vec<Run>),
    /// Start another fake agent as a child, and answer with its pid.
    Spawn {
        /// The program and its arguments.
        argv: Vec<String>,
        /// The whole environment.
        env: BTreeMap<String, String>,
    },
    /// Take an exclusive lock on a file, which is made if need be.
    Lock(PathBuf),
    /// Let go of it and remove the file.
    Unlock(PathBuf),
    /// The largest resident set of any child that has ended.
    Usage,
    /// End with this status.
    Exit(i32),
}

/// What a fake agent answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To a connection: the fake agent's own pid and name.
    Hello {
        /// Its pid.
        pid: u32,
        /// Its name in `/proc/<pid>/comm`.
        comm: String,
    },
    /// To [`Order::Run`] and [`Order::RunAll`].
    Ended(Vec<Ended>),
    /// To [`Order::Spawn`].
    Spawned(u32),
    /// To [`Order::Usage`]: KiB.
    Usage(u64),
    /// To orders that have nothing to say.
    Done,
    /// The order could not be carried out.
    Failed(String),
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its exit status; none when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout; bytes that are no UTF-8 are replaced.
    pub stdout: String,
    /// What it wrote to stderr, likewise.
    pub stderr: String,
    /// Nanoseconds from before its start until it was reaped.
    pub wall_ns: u64,
}
