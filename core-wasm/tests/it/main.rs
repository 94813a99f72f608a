//! The tests of the core, in one program.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod documented_tables;
mod effort;
mod history;
mod loop_histories;
mod prior_art;
mod refresh_histories;
mod rng;
mod run_histories;
mod tables;
mod wasm_sources;
mod world;
