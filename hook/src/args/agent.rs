//! The agent, as you name it on the command line.

use agent_baton_core::agent::Agent;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use baton_agents::AGENTS;

/// Returns the parser of an agent's name.
pub fn parser() -> impl TypedValueParser<Value = Agent> {
    let names = AGENTS.iter().map(|spec| PossibleValue::new(spec.agent.name()).help(spec.title));
    // A name that is possible is known.
    PossibleValuesParser::new(names).try_map(|name| Agent::from_name(&name).ok_or("no such agent"))
}
