//! Whether the user started the agent with baton disabled.

use agent_baton_core::agent::Agent;

use super::{AGENTS, AgentInspector};
use baton_system::ancestry::{MAX_COMMAND_ANCESTORS, ancestors_from};
use baton_system::process_stat::ProcessStat;

/// The variable that disables baton.
pub const DISABLE_VARIABLE: &str = "BATON_DISABLE";

impl AgentInspector<'_> {
    /// Whether an agent was started with `BATON_DISABLE=1`. A repository's settings can set any variable for hooks and tools, so what
    /// counts is the environment that the process began with, and that of every agent above it: an agent in a tool of another begins
    /// with what the other's settings say. Codex's daemon has the environment of its first pane: there nothing is believed.
    #[must_use]
    pub fn is_disabled_by_user(&self, agent: Agent, process: &ProcessStat) -> bool {
        let began_so = |stat: &ProcessStat| self.system.variable(stat.pid, DISABLE_VARIABLE).as_deref() == Some("1");
        let is_agent = |stat: &ProcessStat| AGENTS.iter().any(|spec| spec.is_named(&stat.comm));
        began_so(process)
            && !self.is_daemon(agent, process.pid)
            && ancestors_from(self.system, process.parent, process.start, MAX_COMMAND_ANCESTORS)
                .filter(is_agent)
                .all(|stat| began_so(&stat))
    }
}
