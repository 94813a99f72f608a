//! Modules that misbehave as a core, each in a different way. They are compiled in the same way as core.wasm.
//!
//! They have a crate of their own, so that the compiler they need is not linked into the program under test.

/// The modules: the name of the file in `modules/`, and the compiled code.
pub const MODULES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/modules.rs"));

/// Cores that answer in time and in the right form, but with an invalid decision: the name of the file in
/// `invalid-decisions/`, and the compiled code.
pub const INVALID_DECISIONS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/invalid-decisions.rs"));
