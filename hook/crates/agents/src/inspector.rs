//! What one call of baton may inspect: the system, the environment that it inherited, and its own process.
//!
//! An inspector reads the kernel's lock table at most once, however many locks it judges: the kernel may take as long
//! to print that table as baton takes for everything else. A caching inspector also looks up each process only once,
//! for a command that judges thousands of sessions. The event pipeline must not cache processes, because it looks
//! them up again under the lock.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use agent_baton_core::agent::Agent;
use agent_baton_core::liveness::Liveness;
use agent_baton_core::process::{HostId, Process, ProcessState, Program};
use agent_baton_core::rules::liveness::from_process_state;
use agent_baton_core::timestamp::Timestamp;
use baton_system::environment::Environment;
use baton_system::lock_table::LockTable;
use baton_system::process_stat::ProcessStat;
use baton_system::process_state::process_state;
use baton_system::{CurrentProcess, ProcessLookup, System};

use super::spec;

/// Inspects processes, locks and the agents' own files for one call of baton.
pub struct AgentInspector<'a> {
    pub(crate) system: &'a dyn System,
    pub(crate) environment: &'a dyn Environment,
    pub(crate) current: &'a CurrentProcess,
    lock_table: OnceCell<Option<LockTable>>,
    /// `None` if the inspector does not cache processes.
    processes: Option<RefCell<HashMap<u32, ProcessLookup>>>,
}

impl<'a> AgentInspector<'a> {
    /// Creates an inspector that looks up a process each time it is asked about it.
    #[must_use]
    pub const fn new(system: &'a dyn System, environment: &'a dyn Environment, current: &'a CurrentProcess) -> Self {
        Self { system, environment, current, lock_table: OnceCell::new(), processes: None }
    }

    /// Creates an inspector of the same call that looks up each process only once.
    #[must_use]
    pub fn caching(&self) -> Self {
        Self { processes: Some(RefCell::default()), ..Self::new(self.system, self.environment, self.current) }
    }

    /// Returns the system that runs this call.
    #[must_use]
    pub const fn system(&self) -> &'a dyn System {
        self.system
    }

    /// Returns the environment that this call inherited.
    #[must_use]
    pub const fn environment(&self) -> &'a dyn Environment {
        self.environment
    }

    /// Returns the process of this call.
    #[must_use]
    pub const fn current(&self) -> &'a CurrentProcess {
        self.current
    }

    /// Returns the boot, machine and pid namespace of this call.
    #[must_use]
    pub const fn host(&self) -> &'a HostId {
        &self.current.place
    }

    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.system.now(self.host())
    }

    /// Returns the kernel's lock table, which is read when it is first needed. Returns `None` if it cannot be read.
    pub fn lock_table(&self) -> Option<&LockTable> {
        self.lock_table.get_or_init(|| self.system.lock_table()).as_ref()
    }

    /// Looks up the process that has this pid.
    pub fn process(&self, pid: u32) -> ProcessLookup {
        match &self.processes {
            Some(cache) => cache.borrow_mut().entry(pid).or_insert_with(|| self.system.process(pid)).clone(),
            None => self.system.process(pid),
        }
    }

    /// Returns the program that a process executes.
    #[must_use]
    pub fn program(&self, stat: &ProcessStat) -> Program {
        Program { name: stat.comm.clone(), file: self.system.program_file(stat.pid) }
    }

    /// Returns the state of a process that was seen before.
    #[must_use]
    pub fn process_state(&self, process: &Process) -> ProcessState {
        process_state(process, self.host(), |pid| self.process(pid))
    }

    /// Returns whether a process that was seen before is alive.
    #[must_use]
    pub fn process_liveness(&self, process: &Process) -> Liveness {
        from_process_state(self.host(), process, self.process_state(process))
    }

    /// Returns whether a process serves several panes at once with the environment of the first one. Its pane is
    /// unknown then, and `BATON_HOME` is the only variable to trust. Also returns true if the process' arguments
    /// cannot be read.
    #[must_use]
    pub fn is_daemon(&self, agent: Agent, pid: u32) -> bool {
        spec(agent).daemon_argument.is_some_and(|daemon| self.has_argument(pid, daemon).unwrap_or(true))
    }

    /// Returns whether a process runs without a terminal user, as `claude -p` and `codex exec` do. Also returns false
    /// if that is unknown.
    #[must_use]
    pub fn is_headless(&self, agent: Agent, pid: u32) -> bool {
        let spec = spec(agent);
        let is_set =
            |(name, prefix): (&str, &str)| self.environment.get(name).is_some_and(|value| value.starts_with(prefix));
        spec.headless_variable.is_some_and(is_set)
            || spec.headless_argument.is_some_and(|word| self.has_argument(pid, word).unwrap_or(false))
    }

    /// Returns whether the agent reports that no user attends the session of this event.
    pub(crate) fn is_unattended(&self, agent: Agent) -> bool {
        let is_set = |(name, value): (&str, &str)| self.environment.get(name).is_some_and(|it| it == value);
        spec(agent).unattended_variable.is_some_and(is_set)
    }

    fn has_argument(&self, pid: u32, word: &str) -> Option<bool> {
        let arguments = self.system.arguments(pid)?;
        Some(arguments.iter().skip(1).take_while(|it| *it != b"--").any(|argument| argument == word.as_bytes()))
    }
}
