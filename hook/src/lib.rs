//! baton: gives every long piece of coding-agent work exactly one owner.

pub mod agents;
pub mod commands;
pub mod config;
pub mod core;
pub mod decider;
pub mod event;
#[cfg(any(test, feature = "fuzz"))]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a finding is a panic")]
pub mod fuzz;
pub mod machine;
pub mod protect;
pub mod reply;
pub mod snapshot;
pub mod store;
pub mod wiring;
pub mod words;
