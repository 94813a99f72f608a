//! The tests of the decisions, in one program.

mod history;
mod loop_histories;
mod prior_art;
mod rng;
mod run_histories;
mod tables;
mod wasm_sources;
mod world;
