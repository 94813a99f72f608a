//! baton: gives every long piece of coding-agent work exactly one owner.

pub mod args;
pub mod cli;
pub mod commands;
pub mod context;
pub mod error;
mod fleet_hint;
pub mod hint;
pub mod hook;
pub mod output;
pub mod schemas;
pub mod startup;
