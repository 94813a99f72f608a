//! The rules: one file for each table of ARCHITECTURE.md.

pub mod adopt;
pub mod advance;
pub mod alive;
pub mod cancel;
pub mod command;
pub mod dedupe;
pub mod launch;
pub mod looping;
pub mod offer;
pub mod ownership;
pub mod pause;
pub mod start;
pub mod tell;
pub mod turn;
pub mod twice;
