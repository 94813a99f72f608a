//! Finds the records and the caller that a command line means.

pub mod agent;
pub mod caller;
pub mod foreign_loop;
pub mod record;
pub mod run;
pub mod session;
