//! Tests of the library from outside, in one program.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod address_space;
mod fuzz;
mod parity;
mod payload_schemas;
mod replay_command;
mod schemas;

#[path = "../../../core-wasm/tests/it/history/mod.rs"]
#[allow(dead_code, reason = "the core's tests use the rest")]
mod history;
/// The random histories of the core's own tests.
#[path = "../../../core-wasm/tests/it/rng.rs"]
#[allow(dead_code, reason = "the core's tests use the rest")]
mod rng;
#[path = "../../../core-wasm/tests/it/world/mod.rs"]
#[allow(dead_code, reason = "the core's tests use the rest")]
mod world;
