//! The simulated database, the checker, and the histories.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod concurrent_clients;
mod database;
mod history;
mod linearizability;
