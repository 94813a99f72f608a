//! The hooks of an agent: which events baton hooks, and how the agent writes a hook down.

use agent_baton_core::agent::Agent;

use super::hook_shape::HookShape;

/// The hooks of an agent.
#[derive(Debug, Clone, Copy)]
pub struct AgentHooks {
    /// The agent.
    pub agent: Agent,
    /// The events that baton hooks. If a later version adds one, the user must trust the hooks again.
    pub events: &'static [HookedEvent],
    /// Whether the agent starts a program with a list of arguments, without a shell.
    pub starts_program: bool,
    /// Which values the agent takes in its hooks.
    pub shape: HookShape,
}

/// An event that baton hooks.
#[derive(Debug, Clone, Copy)]
pub struct HookedEvent {
    /// Its name in the agent's configuration.
    pub name: &'static str,
    /// The timeout in seconds.
    pub timeout: u32,
}
