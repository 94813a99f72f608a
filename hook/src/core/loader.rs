//! Brings the compiled core into execution: in place where that can be had, else by copying it.
#![allow(unsafe_code, reason = "machine code is made executable; each place says why that is sound")]

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use nix::libc::c_void;
use nix::sys::mman::{ProtFlags, mprotect};
use wasmtime::{CustomCodeMemory, Engine, Module};

use super::config;
use super::error::CoreError;
use super::interface::ValidatedModule;

/// A module that can be run, and its engine.
#[derive(Clone)]
pub(super) struct Loaded {
    pub engine: Engine,
    pub module: ValidatedModule,
    pub in_place: bool,
}

/// Puts `T` at the start of a page, which the compiled core demands: 4 KiB on x86-64; elsewhere up to 64 KiB.
#[cfg_attr(target_arch = "x86_64", repr(C, align(4096)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C, align(65536)))]
struct PageAligned<T: ?Sized>(T);

/// core.wasm as hook/build.rs compiled it.
static COMPILED: &PageAligned<[u8]> = &PageAligned(*include_bytes!(concat!(env!("OUT_DIR"), "/core.cwasm")));

/// The one module that runs in place. wasmtime keeps a process-wide map of code by address, in which an address may stand
/// once: whoever loads again gets this one, and it is never dropped.
static IN_PLACE: Mutex<Option<Loaded>> = Mutex::new(None);

/// The embedded core.
pub(super) fn embedded() -> Result<Loaded, CoreError> {
    let mut in_place = IN_PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = &*in_place {
        return Ok(loaded.clone());
    }
    // Some kernels' policies forbid pages of a program to become executable. A copy in fresh memory may still be allowed.
    let Ok(loaded) = from_static(&COMPILED.0) else {
        return embedded_copy();
    };
    *in_place = Some(loaded.clone());
    Ok(loaded)
}

/// The embedded core, copied.
pub(super) fn embedded_copy() -> Result<Loaded, CoreError> {
    // SAFETY: these bytes come from this program's own build script, which got them from the same version of wasmtime.
    unsafe { copied(&COMPILED.0) }
}

/// Loads by copying.
///
/// # Safety
///
/// `compiled` is what wasmtime's compiler gave. It is not a `.wasm` and nothing checks it: other bytes are executed as they are.
pub(super) unsafe fn copied(compiled: &[u8]) -> Result<Loaded, CoreError> {
    let engine = Engine::new(&config::shared()).map_err(|error| CoreError::Load(error.into()))?;
    // SAFETY: as this function's own.
    let module = unsafe { Module::deserialize(&engine, compiled) }.map_err(|error| CoreError::Load(error.into()))?;
    Ok(Loaded { engine, module: module.try_into()?, in_place: false })
}

/// Loads the embedded core without copying it.
fn from_static(compiled: &'static [u8]) -> Result<Loaded, CoreError> {
    let mut config = config::shared();
    config.with_custom_code_memory(Some(Arc::new(OwnPages)));
    let engine = Engine::new(&config).map_err(|error| CoreError::Load(error.into()))?;
    // SAFETY: as in `embedded_copy`; and the bytes are a static, so they outlive the module and never change.
    let module = unsafe { Module::deserialize_raw(&engine, NonNull::from(compiled)) }
        .map_err(|error| CoreError::Load(error.into()))?;
    Ok(Loaded { engine, module: module.try_into()?, in_place: true })
}

/// Makes pages of this program's own read-only data executable.
struct OwnPages;

impl CustomCodeMemory for OwnPages {
    fn required_alignment(&self) -> usize {
        // The smallest page there is. Where pages are larger and the code is not aligned to them, mprotect refuses.
        4096
    }

    fn publish_executable(&self, code: *const u8, len: usize) -> wasmtime::Result<()> {
        let Some(start) = NonNull::new(code.cast::<c_void>().cast_mut()) else {
            return Err(wasmtime::Error::msg("the code has no address"));
        };
        // SAFETY: the range is within `COMPILED`, or, by at most the rest of its last page, in the read-only data after it.
        // It was never writable and does not become so. The kernel keeps instruction caches coherent with mapped files.
        unsafe { mprotect(start, len, ProtFlags::PROT_READ | ProtFlags::PROT_EXEC) }.map_err(wasmtime::Error::new)
    }

    fn unpublish_executable(&self, _code: *const u8, _len: usize) -> wasmtime::Result<()> {
        // The pages stay as they are: they are read-only, belong to the program and go with it.
        Ok(())
    }
}
