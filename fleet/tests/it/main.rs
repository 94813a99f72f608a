//! Every request against a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "that is how a test fails")]

mod certificates;
mod commits;
mod differential;
mod failures;
mod feed;
mod handoffs;
mod hostile_servers;
mod lost_answers;
mod machine;
mod membership;
mod program;
mod recovery;
mod renewals;
mod round_trips;
mod rows;
mod schema;
