//! The three exports of core.wasm: `baton_abi`, `baton_alloc`, `baton_decide`. The host calls them in this order.
//!
//! Both directions use UTF-8 JSON. An instance answers one request, so nothing is freed.
#![allow(unsafe_code, reason = "exported symbols, and memory that the host fills")]

use std::sync::atomic::AtomicPtr;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use crate::request::PROTOCOL;

/// The address of the buffer for the request.
static REQUEST: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());

/// The size of that buffer.
static REQUEST_LEN: AtomicUsize = AtomicUsize::new(0);

/// Returns the version of the protocol that this core supports.
#[unsafe(no_mangle)]
extern "C" fn baton_abi() -> u32 {
    PROTOCOL
}

/// Allocates a buffer for a request of `len` bytes and returns its address.
#[unsafe(no_mangle)]
extern "C" fn baton_alloc(len: u32) -> u32 {
    let room = vec![0; len as usize].leak();
    REQUEST.store(room.as_mut_ptr(), Relaxed);
    REQUEST_LEN.store(room.len(), Relaxed);
    room.as_ptr().addr() as u32
}

/// Decides the request that the host wrote at `address`, which must be the last address that `baton_alloc` returned.
/// Returns the address of the reply in the upper half of the result, and its length in the lower half.
#[unsafe(no_mangle)]
extern "C" fn baton_decide(address: u32, len: u32) -> u64 {
    let room = REQUEST.load(Relaxed);
    // Memory is read only from the buffer that this module allocated. Any other address counts as an empty request.
    let is_ours = !room.is_null() && room.addr() as u32 == address && len as usize <= REQUEST_LEN.load(Relaxed);
    let request = if is_ours {
        // SAFETY: `baton_alloc` leaked a buffer of at least this size. Only the host writes to it, before this call.
        unsafe { std::slice::from_raw_parts(room, len as usize) }
    } else {
        &[]
    };
    let reply = crate::decide_bytes(request).leak();
    (u64::from(reply.as_ptr().addr() as u32) << 32) | reply.len() as u64
}
