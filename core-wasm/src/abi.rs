//! The three exports of core.wasm: `baton_abi`, `baton_alloc`, `baton_decide`. See ARCHITECTURE.md, "The ABI".
//!
//! UTF-8 JSON both ways. An instance answers one request: nothing is freed.
#![allow(unsafe_code, reason = "exported symbols, and memory that the host fills")]

use std::sync::atomic::AtomicPtr;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use crate::request::PROTOCOL;

/// Where the host was told to write the request.
static REQUEST: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());

/// How much the host may write there.
static REQUEST_LEN: AtomicUsize = AtomicUsize::new(0);

/// The protocol that this core speaks.
#[unsafe(no_mangle)]
extern "C" fn baton_abi() -> u32 {
    PROTOCOL
}

/// Room for a request of `len` bytes; answers its address.
#[unsafe(no_mangle)]
extern "C" fn baton_alloc(len: u32) -> u32 {
    let room = vec![0; len as usize].leak();
    REQUEST.store(room.as_mut_ptr(), Relaxed);
    REQUEST_LEN.store(room.len(), Relaxed);
    room.as_ptr().addr() as u32
}

/// Decides the request that the host wrote at `address`, which must be what `baton_alloc` answered last; answers the reply's
/// address in the upper half and its length in the lower.
#[unsafe(no_mangle)]
extern "C" fn baton_decide(address: u32, len: u32) -> u64 {
    let room = REQUEST.load(Relaxed);
    // An address that is not our own is no request: no memory but our own room is ever read.
    let is_ours = !room.is_null() && room.addr() as u32 == address && len as usize <= REQUEST_LEN.load(Relaxed);
    let request = if is_ours {
        // SAFETY: `baton_alloc` leaked this many bytes there, and only the host writes to them, before this call.
        unsafe { std::slice::from_raw_parts(room, len as usize) }
    } else {
        &[]
    };
    let reply = crate::decide_bytes(request).leak();
    (u64::from(reply.as_ptr().addr() as u32) << 32) | reply.len() as u64
}
