//! How each agent is configured to call baton, as a table. To add an agent, add one entry and one file.

mod claude;
mod codex;

use agent_baton_core::agent::Agent;

use super::agent_config::AgentConfig;
use super::policies::{Policies, PolicyPlaces};

/// Returns how an agent is configured.
#[must_use]
pub const fn config(agent: Agent) -> &'static AgentConfig {
    match agent {
        Agent::Claude => &claude::CONFIG,
        Agent::Codex => &codex::CONFIG,
    }
}

/// Reads the policies of an agent.
#[must_use]
pub fn policies(agent: Agent, places: &PolicyPlaces<'_>) -> Policies {
    let mut policies = Policies::default();
    (config(agent).read_policies)(&mut policies, places);
    policies
}

#[cfg(test)]
mod tests;
