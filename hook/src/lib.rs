//! baton: gives every long piece of coding-agent work exactly one owner.

pub mod args;
pub mod cli;
pub mod commands;
pub mod context;
pub mod error;
#[cfg(any(test, feature = "fuzz"))]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a finding is a panic")]
pub mod fuzz_entry_points;
pub mod hint;
pub mod hook;
pub mod output;
pub mod schemas;
pub mod startup;
