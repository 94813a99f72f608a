//! Loads the compiled core: in place if possible, otherwise by copying it.
#![allow(unsafe_code, reason = "machine code is made executable; each place says why that is sound")]

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{CustomCodeMemory, Engine, Module};

use super::engine_config;
use super::error::CoreError;
use super::interface::ValidatedModule;

/// A loaded module and its engine.
#[derive(Clone)]
pub(super) struct LoadedModule {
    pub engine: Engine,
    pub module: ValidatedModule,
    pub in_place: bool,
}

/// Aligns `T` to a page, as the compiled core requires: 4 KiB on x86-64, up to 64 KiB elsewhere.
#[cfg_attr(target_arch = "x86_64", repr(C, align(4096)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C, align(65536)))]
struct PageAligned<T: ?Sized>(T);

/// The compiled core. It is placed among baton's own code, which the kernel maps as executable and never as writable.
/// So nothing has to be made executable later, which would cost a system call and split the mapping.
// SAFETY: the section is only read, and executed by wasmtime.
#[unsafe(link_section = ".text.baton.core")]
static COMPILED: PageAligned<[u8; COMPILED_BYTES]> =
    PageAligned(*include_bytes!(concat!(env!("OUT_DIR"), "/core.cwasm")));

/// The length of the compiled core, in bytes.
const COMPILED_BYTES: usize = include_bytes!(concat!(env!("OUT_DIR"), "/core.cwasm")).len();

/// The only module that runs in place. wasmtime keeps a process-wide map of code by address, and each address can be
/// registered only once. Every later call returns this module, which is never dropped.
static IN_PLACE: Mutex<Option<LoadedModule>> = Mutex::new(None);

/// Loads the embedded core.
pub(super) fn load_embedded() -> Result<LoadedModule, CoreError> {
    let mut in_place = IN_PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = &*in_place {
        return Ok(loaded.clone());
    }
    // If the linker did not place it among the code, a copy in fresh memory can be made executable.
    let Ok(loaded) = load_in_place(&COMPILED.0) else {
        return copy_embedded();
    };
    *in_place = Some(loaded.clone());
    Ok(loaded)
}

/// Loads the embedded core by copying it.
pub(super) fn copy_embedded() -> Result<LoadedModule, CoreError> {
    // SAFETY: this package's own build script produced these bytes with the same version of wasmtime.
    unsafe { load_copied(&COMPILED.0) }
}

/// Loads a compiled module by copying it.
///
/// # Safety
///
/// `compiled` must be the output of wasmtime's compiler, not a `.wasm` file. Nothing checks it, and any other bytes
/// would be executed as they are.
pub(super) unsafe fn load_copied(compiled: &[u8]) -> Result<LoadedModule, CoreError> {
    let engine = Engine::new(&engine_config::shared()).map_err(CoreError::load)?;
    // SAFETY: the caller upholds the contract of this function.
    let module = unsafe { Module::deserialize(&engine, compiled) }.map_err(CoreError::load)?;
    Ok(LoadedModule { engine, module: module.try_into()?, in_place: false })
}

/// Loads the embedded core without copying it.
fn load_in_place(compiled: &'static [u8]) -> Result<LoadedModule, CoreError> {
    let mut config = engine_config::shared();
    config.with_custom_code_memory(Some(Arc::new(ProgramCodePages)));
    let engine = Engine::new(&config).map_err(CoreError::load)?;
    // SAFETY: as in `copy_embedded`. The bytes are also static, so they outlive the module and never change.
    let module = unsafe { Module::deserialize_raw(&engine, NonNull::from(compiled)) }.map_err(CoreError::load)?;
    Ok(LoadedModule { engine, module: module.try_into()?, in_place: true })
}

/// Pages of baton's own code.
struct ProgramCodePages;

impl CustomCodeMemory for ProgramCodePages {
    fn required_alignment(&self) -> usize {
        // The smallest page size.
        4096
    }

    fn publish_executable(&self, _code: *const u8, _len: usize) -> wasmtime::Result<()> {
        // They are executable from the start.
        Ok(())
    }

    fn unpublish_executable(&self, _code: *const u8, _len: usize) -> wasmtime::Result<()> {
        // The pages belong to baton's image and stay as they are.
        Ok(())
    }
}
