//! The three exports of core.wasm: `baton_abi`, `baton_alloc`, `baton_decide`. See ARCHITECTURE.md, "The ABI".
//!
//! UTF-8 JSON both ways. An instance answers one request: nothing is freed.
#![allow(unsafe_code, reason = "exported symbols, and memory that the host fills")]

use std::cell::Cell;

use crate::request::PROTOCOL;

thread_local! {
    /// Where the host was told to write the request.
    static REQUEST: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The protocol that this core speaks.
#[unsafe(no_mangle)]
extern "C" fn baton_abi() -> u32 {
    PROTOCOL
}

/// Room for a request of `len` bytes; answers its address.
#[unsafe(no_mangle)]
extern "C" fn baton_alloc(len: u32) -> u32 {
    let mut room = vec![0; len as usize];
    let address = room.as_mut_ptr().addr() as u32;
    REQUEST.set(room);
    address
}

/// Decides the request that the host wrote at `address`, which must be what `baton_alloc` answered last; answers the reply's
/// address in the upper half and its length in the lower.
#[unsafe(no_mangle)]
extern "C" fn baton_decide(address: u32, len: u32) -> u64 {
    let room = REQUEST.take();
    // A pointer that is not our own is no request: no memory but our own room is ever read.
    let request = if room.as_ptr().addr() as u32 == address { room.get(..len as usize) } else { None };
    let reply = crate::decide_bytes(request.unwrap_or_default()).leak();
    (u64::from(reply.as_ptr().addr() as u32) << 32) | reply.len() as u64
}
