//! baton: gives every long piece of coding-agent work exactly one owner.

pub mod agents;
pub mod bundle;
pub mod census;
pub mod commands;
pub mod config;
pub mod core;
pub mod decider;
pub mod discovery;
pub mod event;
#[cfg(any(test, feature = "fuzz"))]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a finding is a panic")]
pub mod fuzz;
pub mod lookup;
pub mod looping;
pub mod machine;
pub mod mux;
pub mod progress;
pub mod protect;
pub mod reply;
pub mod retention;
pub mod scribe;
pub mod snapshot;
pub mod start;
pub mod status;
pub mod store;
pub mod wiring;
pub mod words;
