//! Modules that misbehave as a core, each in its own way, compiled as hook/build.rs compiles core.wasm.
//!
//! They stand in a crate of their own so that the compiler they need stays out of the program that is tested.

/// The modules: the name of the file in `modules/`, and what wasmtime made of it.
pub const MODULES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// Cores that answer in time and in form, and lie: the name of the file in `lies/`, and what wasmtime made of it.
pub const LIES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/lies.rs"));
