//! Whether the person started the agent with baton disabled.

use agent_baton_core::agent::Agent;

use super::{TABLE, Witness};
use crate::machine::Machine;
use crate::machine::ancestry::{COMMAND_DEPTH, climb};
use crate::machine::environment::Environment;
use crate::machine::stat::Stat;

/// The variable that disables baton.
pub const DISABLE: &str = "BATON_DISABLE";

impl<M: Machine, E: Environment> Witness<'_, M, E> {
    /// Whether an agent was started with `BATON_DISABLE=1`. A repository's settings can set any variable for hooks and tools, so what
    /// counts is the environment that the process began with, and that of every agent above it: an agent in a tool of another begins
    /// with what the other's settings say. Codex's daemon has the environment of its first pane: there nothing is believed.
    #[must_use]
    pub fn is_disabled_by_person(&self, agent: Agent, process: &Stat) -> bool {
        let began_so = |stat: &Stat| self.machine.variable(stat.pid, DISABLE).as_deref() == Some("1");
        let is_agent = |stat: &Stat| TABLE.iter().any(|row| row.is_named(&stat.comm));
        began_so(process)
            && !self.is_daemon(agent, process.pid)
            && climb(self.machine, process.parent, process.start, COMMAND_DEPTH)
                .filter(is_agent)
                .all(|stat| began_so(&stat))
    }
}
