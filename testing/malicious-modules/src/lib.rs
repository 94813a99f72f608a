//! Modules that misbehave as a core, each in its own way, compiled as hook/build.rs compiles core.wasm.
//!
//! They stand in a crate of their own so that the compiler they need stays out of the program that is tested.

/// The modules: the name of the file in `modules/`, and what wasmtime made of it.
pub const MODULES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// Cores that answer in time and in form, with a decision that is not valid: the name of the file in `invalid-decisions/`, and what wasmtime made of it.
pub const INVALID_DECISIONS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/invalid-decisions.rs"));
