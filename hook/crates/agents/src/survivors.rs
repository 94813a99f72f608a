//! What outlives the command of a supervised run: agents that it started, and whatever else it left in its own session.
//!
//! Each process below a command inherits `BATON_RUN`, and keeps it when its parents are killed. An agent below it is still an iteration of
//! the run. So is a script that the command started, which may start the next agent. A daemon is neither: it began a session of its own
//! (setsid), and would outlive every run.

use agent_baton_core::id::RunId;
use agent_baton_core::process::Process;

use super::{AGENTS, AgentInspector, RUN_VARIABLE};
use baton_system::ancestry::{ancestors, ancestors_from};
use baton_system::process_stat::ProcessStat;
use baton_system::{ProcessLookup, identity};

/// The variable that says in which session of the system the command began.
pub const COMMAND_SESSION_VARIABLE: &str = "BATON_COMMAND_SESSION";

/// How many processes above one are looked at.
const MAX_ANCESTORS: usize = 32;

/// A process that a command left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survivor {
    /// The run of the command.
    pub run: RunId,
    /// The process.
    pub process: Process,
    /// The name of its program.
    pub comm: String,
}

impl AgentInspector<'_> {
    /// The living processes that began below a command, but for this one and those above it. `None` if processes cannot be listed.
    #[must_use]
    pub fn survivors(&self) -> Option<Vec<Survivor>> {
        let mut own: Vec<u32> = ancestors(self.system, self.current, MAX_ANCESTORS).map(|stat| stat.pid).collect();
        own.push(std::process::id());
        let others = self.system.pids()?.into_iter().filter(|pid| !own.contains(pid));
        Some(others.filter_map(|pid| self.survivor(pid)).collect())
    }

    fn survivor(&self, pid: u32) -> Option<Survivor> {
        // Another user's cannot be read, and is none of ours.
        let run = self.system.variable(pid, RUN_VARIABLE)?.parse().ok()?;
        let ProcessLookup::Found(stat) = self.system.process(pid) else { return None };
        let began_in = self.system.variable(pid, COMMAND_SESSION_VARIABLE).and_then(|session| session.parse().ok());
        let is_part = began_in == Some(stat.session) || self.is_iteration(&stat);
        (!stat.ended && is_part).then(|| Survivor { run, process: identity(&stat, self.host()), comm: stat.comm })
    }

    /// Whether a process is an agent that works for the command: not one that serves others, nor one below such an agent.
    fn is_iteration(&self, stat: &ProcessStat) -> bool {
        let is_agent = |stat: &ProcessStat| AGENTS.iter().any(|spec| spec.is_named(&stat.comm));
        let serves = |stat: &ProcessStat| is_agent(stat) && self.serves_others(stat.pid);
        is_agent(stat)
            && !serves(stat)
            && !ancestors_from(self.system, stat.parent, stat.start, MAX_ANCESTORS).any(|above| serves(&above))
    }
}
