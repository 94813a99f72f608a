//! From an event or a command to a committed decision

pub mod config;
pub mod decide;
pub mod discovery;
pub mod export;
pub mod liveness;
pub mod lookup;
pub mod loops;
pub mod message_recorder;
pub mod observer;
pub mod outcome;
pub mod retention;
pub mod session_status;
pub mod snapshot;
