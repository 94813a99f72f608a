//! Determines whether an agent or a call runs below a command that `baton run with` started.

use agent_baton_core::fence::Fence;
use agent_baton_core::supervisor_claim::SupervisorClaim;

use super::{AGENTS, AgentInspector};
use baton_system::ancestry::{ancestors, ancestors_from};
use baton_system::identity;
use baton_system::process_stat::ProcessStat;

/// The variable that names the run.
pub const RUN_VARIABLE: &str = "BATON_RUN";

/// The variable that holds the owner's fence.
pub const FENCE_VARIABLE: &str = "BATON_FENCE";

/// How many ancestors are looked up. A script may call other scripts.
const MAX_SUPERVISED_ANCESTORS: usize = 32;

/// Arguments of agent processes that serve several clients. Their inherited environment says nothing about what they
/// run.
const DAEMON_ARGUMENTS: [&[u8]; 3] = [b"app-server", b"daemon", b"bg-pty-host"];

impl AgentInspector<'_> {
    /// Returns what the environment claims, with the pids of the ancestors. `agent` is the process of the event, or
    /// `None` for a command, whose ancestors begin at its parent.
    #[must_use]
    pub fn supervisor_claim(&self, agent: Option<&ProcessStat>) -> Option<SupervisorClaim> {
        let run = self.environment.get(RUN_VARIABLE)?.parse().ok()?;
        let fence = Fence(self.environment.get(FENCE_VARIABLE)?.parse().ok()?);
        let chain: Vec<ProcessStat> = match agent {
            Some(agent) => {
                let above = ancestors_from(self.system, agent.parent, agent.start, MAX_SUPERVISED_ANCESTORS);
                std::iter::once(agent.clone()).chain(above).collect()
            }
            None => ancestors(self.system, self.current, MAX_SUPERVISED_ANCESTORS).collect(),
        };
        let is_agent = |stat: &&ProcessStat| AGENTS.iter().any(|spec| spec.is_named(&stat.comm));
        let chain: Vec<&ProcessStat> =
            chain.iter().take_while(|stat| !(is_agent(stat) && self.serves_others(stat.pid))).collect();
        let place = self.host();
        let nested_in = chain.iter().skip(1).find(|stat| is_agent(stat)).map(|stat| identity(stat, place));
        let ancestors = chain.iter().map(|stat| identity(stat, place)).collect();
        Some(SupervisorClaim { run, fence, ancestors, nested_in })
    }

    /// Whether a process of an agent serves others, or may.
    pub(super) fn serves_others(&self, pid: u32) -> bool {
        self.system.arguments(pid).is_none_or(|arguments| {
            arguments.iter().skip(1).any(|argument| DAEMON_ARGUMENTS.contains(&argument.as_slice()))
        })
    }
}
