//! Loads a core from any compiled module, to test how the host treats a core that misbehaves.
#![allow(unsafe_code, reason = "modules are loaded as wasmtime compiled them")]

use crate::{Core, CoreError, loader};

impl Core {
    /// Loads a core from testing/malicious-modules.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be loaded.
    pub fn from_compiled(compiled: &[u8]) -> Result<Self, CoreError> {
        // SAFETY: testing/malicious-modules/build.rs compiled these bytes with wasmtime.
        unsafe { loader::load_copied(compiled) }.map(Self)
    }
}
