//! A core from any compiled module, for the tests of what a host does with a core that misbehaves.
#![allow(unsafe_code, reason = "modules are loaded as wasmtime compiled them")]

use crate::{Core, CoreError, loader};

impl Core {
    /// A core from testing/malicious-modules.
    ///
    /// # Errors
    ///
    /// Where it cannot be loaded.
    pub fn from_compiled(compiled: &[u8]) -> Result<Self, CoreError> {
        // SAFETY: testing/malicious-modules/build.rs got these bytes from wasmtime's compiler.
        unsafe { loader::load_copied(compiled) }.map(Self)
    }
}
