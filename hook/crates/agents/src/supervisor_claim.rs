//! Whether an agent, or a call, stands beneath a command that `baton run with` started.

use agent_baton_core::fence::Fence;
use agent_baton_core::supervisor_claim::SupervisorClaim;

use super::{AGENTS, AgentInspector};
use baton_system::ancestry::{ancestors, ancestors_from};
use baton_system::identity;
use baton_system::process_stat::ProcessStat;

/// The variable that names the run.
pub const RUN_VARIABLE: &str = "BATON_RUN";

/// The variable that holds the owner's number.
pub const FENCE_VARIABLE: &str = "BATON_FENCE";

/// How many processes are looked at: a script may call scripts.
const MAX_SUPERVISED_ANCESTORS: usize = 32;

/// The arguments of processes of agents that serve whoever asks: what they inherited says nothing of what they run.
const DAEMON_ARGUMENTS: [&[u8]; 3] = [b"app-server", b"daemon", b"bg-pty-host"];

impl AgentInspector<'_> {
    /// What the environment claims, with the processes above. `agent` is the process of the event; none for a command, which is looked at
    /// from its parent on.
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
    fn serves_others(&self, pid: u32) -> bool {
        self.system.arguments(pid).is_none_or(|arguments| {
            arguments.iter().skip(1).any(|argument| DAEMON_ARGUMENTS.contains(&argument.as_slice()))
        })
    }
}
