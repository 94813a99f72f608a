//! The limits of one decision. The limits of memory and stack are settings of the engine, in `engine_config.rs`.

/// The maximum work for one decision, in wasmtime's units of fuel, which are about one for each instruction. A megabyte
/// of records takes an eighth of it.
pub const MAX_FUEL: u64 = 1_000_000_000;

/// The maximum length of a request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// The maximum length of a reply, in bytes.
pub const MAX_REPLY_BYTES: usize = 4 * 1024 * 1024;
