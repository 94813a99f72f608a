//! The agent, as you name it on the command line.

use agent_baton_core::agent::Agent;
use clap::ValueEnum;

/// An agent.
#[derive(Clone, Copy, ValueEnum)]
pub enum AgentName {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
}

impl From<AgentName> for Agent {
    fn from(name: AgentName) -> Self {
        match name {
            AgentName::Claude => Self::Claude,
            AgentName::Codex => Self::Codex,
        }
    }
}
