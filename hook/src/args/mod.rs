//! Which record, and which caller, a command means.

pub mod caller;
pub mod run;
pub mod session;
