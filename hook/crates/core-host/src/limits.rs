//! The limits of one decision. Those of memory and stack are settings of the engine, see `engine_config.rs`.

/// The most work for one decision, in wasmtime's units of fuel: about one for each instruction. A megabyte
/// of records takes an eighth of it.
pub const MAX_FUEL: u64 = 1_000_000_000;

/// The longest request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// The longest reply, in bytes.
pub const MAX_REPLY_BYTES: usize = 4 * 1024 * 1024;
