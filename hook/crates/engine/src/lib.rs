//! The engine turns an event or a command into a committed decision, and contains the features that build on
//! decisions.
//!
//! It may touch the state through the store, the system and the agents' files through an inspector, the configuration
//! and, for a loop's done-when command, the project. It renders no reply and prints nothing but warnings.

pub mod config;
pub mod decide;
pub mod directory_id;
pub mod discovery;
pub mod export;
pub mod left_owner;
pub mod liveness;
pub mod lookup;
pub mod loops;
pub mod message_recorder;
pub mod missing_project;
pub mod observer;
pub mod outcome;
pub mod record_store;
pub mod retention;
pub mod session_status;
pub mod snapshot;
