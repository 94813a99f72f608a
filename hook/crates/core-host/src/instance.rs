//! One instance of the core. It answers one request within its limits and is then discarded.

use agent_baton_core::request::PROTOCOL;
use wasmtime::{Instance, Memory, ResourceLimiter, Store};

use super::engine_config::MAX_MEMORY_BYTES;
use super::error::CoreError;
use super::limits::{MAX_FUEL, MAX_REPLY_BYTES, MAX_REQUEST_BYTES};
use super::loader::LoadedModule;

/// The maximum number of entries in the core's table of functions, which never grows.
const MAX_TABLE_ENTRIES: usize = 4096;

/// Grants memory up to the limit, and records whether it refused any.
struct MemoryLimiter {
    refused: bool,
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let granted = desired <= MAX_MEMORY_BYTES;
        self.refused |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ENTRIES)
    }

    fn instances(&self) -> usize {
        1
    }
}

/// A core that is ready for its request.
pub(super) struct CoreInstance {
    store: Store<MemoryLimiter>,
    instance: Instance,
    memory: Memory,
}

impl CoreInstance {
    /// Creates an instance and checks its protocol version.
    pub(super) fn start(loaded: &LoadedModule) -> Result<Self, CoreError> {
        let mut store = Store::new(&loaded.engine, MemoryLimiter { refused: false });
        store.limiter(|limits| limits);
        store.set_fuel(MAX_FUEL).map_err(|error| CoreError::Instance(error.into()))?;
        let instance = match Instance::new(&mut store, loaded.module.module(), &[]) {
            Ok(instance) => instance,
            Err(error) => {
                return Err(match CoreError::stopped(error, store.data().refused) {
                    CoreError::Trap(cause) => CoreError::Instance(cause),
                    limit => limit,
                });
            }
        };
        let memory =
            instance.get_memory(&mut store, "memory").ok_or(super::interface::InterfaceError::Missing("memory"))?;
        let mut waiting = Self { store, instance, memory };
        let core: u32 = waiting.call("baton_abi", ())?;
        if core == PROTOCOL { Ok(waiting) } else { Err(CoreError::Protocol { core, host: PROTOCOL }) }
    }

    /// Passes the request to the core and returns the reply.
    pub(super) fn decide(&mut self, request: &[u8]) -> Result<Vec<u8>, CoreError> {
        let len = match u32::try_from(request.len()) {
            Ok(len) if request.len() <= MAX_REQUEST_BYTES => len,
            _ => return Err(CoreError::RequestTooLong(request.len())),
        };
        let address: u32 = self.call("baton_alloc", len)?;
        let start = address as usize;
        self.memory
            .data_mut(&mut self.store)
            .get_mut(start..start.saturating_add(request.len()))
            .ok_or(CoreError::OutOfBounds { address, len: request.len() })?
            .copy_from_slice(request);
        let reply: u64 = self.call("baton_decide", (address, len))?;
        let (address, len) = ((reply >> 32) as u32, (reply & u64::from(u32::MAX)) as usize);
        if len > MAX_REPLY_BYTES {
            return Err(CoreError::ReplyTooLong(len));
        }
        let start = address as usize;
        let reply = self.memory.data(&self.store).get(start..start.saturating_add(len));
        reply.map(<[u8]>::to_vec).ok_or(CoreError::OutOfBounds { address, len })
    }

    /// Returns the remaining fuel.
    #[cfg(test)]
    pub(super) fn fuel(&self) -> u64 {
        self.store.get_fuel().unwrap()
    }

    fn call<P: wasmtime::WasmParams, R: wasmtime::WasmResults>(
        &mut self,
        name: &str,
        params: P,
    ) -> Result<R, CoreError> {
        self.instance
            .get_typed_func::<P, R>(&mut self.store, name)
            .and_then(|function| function.call(&mut self.store, params))
            .map_err(|error| CoreError::stopped(error, self.store.data().refused))
    }
}
