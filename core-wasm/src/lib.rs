//! The decisions of baton: what an event or a command changes, computed from records and from what the machine showed.
//!
//! **Architecture invariant.** This crate has no clock, no files, no randomness and no environment: everything an answer
//! depends on is in the [`request::Request`]. The same bytes give the same bytes, natively and in WASM.
//!
//! **Architecture invariant.** It cannot fail: a request that can be parsed gets a [`decision::Decision`], one that cannot
//! gets a decision that says so.

#[cfg(target_arch = "wasm32")]
mod abi;
#[cfg(target_arch = "wasm32")]
mod bump_allocator;
pub mod decide;
pub mod draft;
#[cfg(any(test, feature = "testing"))]
pub mod fixtures;
pub mod json;
pub mod protocol;
pub mod rules;

pub use decide::decide_bytes;
pub use protocol::{
    agent, decision, event, fence, id, liveness, loop_state, pane, process, reason, request, run, session,
    supervisor_claim, timestamp,
};
