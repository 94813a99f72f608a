//! The proof of the fleet's protocol, for tests alone.
//!
//! [`database::SimulatedDatabase`] answers every request of the protocol as the statements of `baton-fleet` do, in memory and with a
//! clock that the test sets. It is the specification that the statements are compared with, so it is written as plainly as possible.
//! [`server::Server`] adds what can happen to a call on its way. [`linearizability`] checks recorded histories of any database.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "for tests alone")]

pub mod database;
pub mod linearizability;
pub mod random_request;
pub mod server;
pub mod without_clock;
