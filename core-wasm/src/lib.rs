//! The decisions of baton. This crate computes what an event or a command changes, from records and from probe results.
//!
//! **Architecture invariant.** This crate has no clock, no files, no randomness and no environment. A decision depends
//! only on the [`request::Request`]. Equal requests give equal decisions, natively and in WASM.
//!
//! **Architecture invariant.** This crate cannot fail. Every request that can be parsed gets a [`decision::Decision`].
//! A request that cannot be parsed gets a decision with the reason `request_malformed`.

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
    agent, background_work, decision, event, fence, fleet, id, liveness, loop_state, pane, process, reason, request,
    run, session, supervisor_claim, timestamp,
};
