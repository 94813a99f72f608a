//! Whether the user started an agent with baton disabled.

use agent_baton_core::agent::Agent;

use super::{AGENTS, AgentInspector};
use baton_system::ancestry::{MAX_COMMAND_ANCESTORS, ancestors_from};
use baton_system::process_stat::ProcessStat;

/// The variable that disables baton.
pub const DISABLE_VARIABLE: &str = "BATON_DISABLE";

impl AgentInspector<'_> {
    /// Returns whether the user started an agent with `BATON_DISABLE=1`.
    ///
    /// A repository's settings can set any variable for hooks and tools. So only the environment that a process
    /// started with counts. The same must hold for every agent above it, because an agent inside a tool of another
    /// agent starts with what the outer agent's settings define. Codex's daemon has the environment of its first
    /// pane, so it is never believed.
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
