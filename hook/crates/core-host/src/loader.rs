//! Brings the compiled core into execution: in place where that can be had, else by copying it.
#![allow(unsafe_code, reason = "machine code is made executable; each place says why that is sound")]

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{CustomCodeMemory, Engine, Module};

use super::engine_config;
use super::error::CoreError;
use super::interface::ValidatedModule;

/// A module that can be run, and its engine.
#[derive(Clone)]
pub(super) struct LoadedModule {
    pub engine: Engine,
    pub module: ValidatedModule,
    pub in_place: bool,
}

/// Puts `T` at the start of a page, which the compiled core demands: 4 KiB on x86-64; elsewhere up to 64 KiB.
#[cfg_attr(target_arch = "x86_64", repr(C, align(4096)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C, align(65536)))]
struct PageAligned<T: ?Sized>(T);

/// core.wasm as hook/build.rs compiled it. It lies among the program's own code, which the kernel maps executable and never writable:
/// so nothing has to be made executable later, which costs a system call and splits the mapping.
// SAFETY: the section is only read from, and run by wasmtime.
#[cfg_attr(target_os = "linux", unsafe(link_section = ".text.baton.core"))]
static COMPILED: PageAligned<[u8; COMPILED_BYTES]> =
    PageAligned(*include_bytes!(concat!(env!("OUT_DIR"), "/core.cwasm")));

/// The length of the compiled core, in bytes.
const COMPILED_BYTES: usize = include_bytes!(concat!(env!("OUT_DIR"), "/core.cwasm")).len();

/// The one module that runs in place. wasmtime keeps a process-wide map of code by address, in which an address may stand
/// once: whoever loads again gets this one, and it is never dropped.
static IN_PLACE: Mutex<Option<LoadedModule>> = Mutex::new(None);

/// The embedded core.
pub(super) fn load_embedded() -> Result<LoadedModule, CoreError> {
    let mut in_place = IN_PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = &*in_place {
        return Ok(loaded.clone());
    }
    // Where the linker does not put it among the code, a copy in fresh memory can be made executable.
    let Ok(loaded) = load_in_place(&COMPILED.0) else {
        return copy_embedded();
    };
    *in_place = Some(loaded.clone());
    Ok(loaded)
}

/// The embedded core, copied.
pub(super) fn copy_embedded() -> Result<LoadedModule, CoreError> {
    // SAFETY: these bytes come from this program's own build script, which got them from the same version of wasmtime.
    unsafe { load_copied(&COMPILED.0) }
}

/// Loads by copying.
///
/// # Safety
///
/// `compiled` is what wasmtime's compiler gave. It is not a `.wasm` and nothing checks it: other bytes are executed as they are.
pub(super) unsafe fn load_copied(compiled: &[u8]) -> Result<LoadedModule, CoreError> {
    let engine = Engine::new(&engine_config::shared()).map_err(|error| CoreError::Load(error.into()))?;
    // SAFETY: as this function's own.
    let module = unsafe { Module::deserialize(&engine, compiled) }.map_err(|error| CoreError::Load(error.into()))?;
    Ok(LoadedModule { engine, module: module.try_into()?, in_place: false })
}

/// Loads the embedded core without copying it.
fn load_in_place(compiled: &'static [u8]) -> Result<LoadedModule, CoreError> {
    let mut config = engine_config::shared();
    config.with_custom_code_memory(Some(Arc::new(ProgramCodePages)));
    let engine = Engine::new(&config).map_err(|error| CoreError::Load(error.into()))?;
    // SAFETY: as in `embedded_copy`; and the bytes are a static, so they outlive the module and never change.
    let module = unsafe { Module::deserialize_raw(&engine, NonNull::from(compiled)) }
        .map_err(|error| CoreError::Load(error.into()))?;
    Ok(LoadedModule { engine, module: module.try_into()?, in_place: true })
}

/// Pages of this program's own code.
struct ProgramCodePages;

impl CustomCodeMemory for ProgramCodePages {
    fn required_alignment(&self) -> usize {
        // The smallest page there is.
        4096
    }

    fn publish_executable(&self, code: *const u8, _len: usize) -> wasmtime::Result<()> {
        if cfg!(target_os = "linux") && !code.is_null() {
            return Ok(());
        }
        Err(wasmtime::Error::msg("the core is not among the program's code here"))
    }

    fn unpublish_executable(&self, _code: *const u8, _len: usize) -> wasmtime::Result<()> {
        // The pages stay as they are: they belong to the program and go with it.
        Ok(())
    }
}
