//! Hosts the core: the embedded WASM module that decides.
//!
//! May touch: the memory of the module. The module sees only the request.
//!
//! **Architecture invariant.** The core is not trusted. It has no imports. Its fuel, memory, stack and output are
//! limited. The host parses its answer like any other external input.

mod engine_config;
mod error;
mod instance;
mod interface;
mod limits;
mod loader;
#[cfg(any(test, feature = "testing"))]
mod testing;
#[cfg(test)]
mod tests;

use agent_baton_core::decision::Decision;
use agent_baton_core::request::{PROTOCOL, Request};

pub use engine_config::{MAX_MEMORY_BYTES, MAX_STACK_BYTES};
pub use error::CoreError;
pub use interface::InterfaceError;
pub use limits::{MAX_FUEL, MAX_REPLY_BYTES, MAX_REQUEST_BYTES};

use instance::CoreInstance;
use loader::LoadedModule;

/// The loaded core.
pub struct Core(LoadedModule);

impl Core {
    /// Loads the core that is built into baton.
    ///
    /// # Errors
    ///
    /// Returns [`CoreError::Load`] if this machine does not allow the code to be loaded.
    pub fn load() -> Result<Self, CoreError> {
        loader::load_embedded().map(Self)
    }

    /// Returns whether the code runs in place, inside baton's own image. Otherwise it was copied, which takes half a
    /// millisecond.
    #[must_use]
    pub const fn in_place(&self) -> bool {
        self.0.in_place
    }

    /// Asks the core for a decision.
    ///
    /// # Errors
    ///
    /// Returns an error if the core reaches a limit or does not answer with a decision.
    pub fn decide(&self, request: &Request) -> Result<Decision, CoreError> {
        let request = serde_json::to_vec(request).map_err(CoreError::Request)?;
        let decision: Decision = serde_json::from_slice(&self.decide_bytes(&request)?).map_err(CoreError::Reply)?;
        if decision.protocol == PROTOCOL {
            Ok(decision)
        } else {
            Err(CoreError::Protocol { core: decision.protocol, host: PROTOCOL })
        }
    }

    /// Sends a request as JSON and returns the decision as JSON.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Core::decide`], but does not parse the reply.
    pub fn decide_bytes(&self, request: &[u8]) -> Result<Vec<u8>, CoreError> {
        CoreInstance::start(&self.0)?.decide(request)
    }
}
