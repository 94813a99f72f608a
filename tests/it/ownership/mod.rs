//! Tests who owns a run.

mod adopt;
mod hosts_and_clocks;
mod missing_probes;
mod nested_agents;
mod other_program;
mod prior_art;
mod users_word;
