//! Which record, and which caller, a command means.

pub mod agent;
pub mod caller;
pub mod run;
pub mod session;
