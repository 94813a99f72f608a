//! Loops: runs that keep their agent working. This is the host's part. The core decides whether the agent goes on.
//!
//! When the agent of a loop wants to stop, its `Stop` event passes through here twice:
//!
//! 1. Before the lock is taken, [`LoopStop::evaluate`] gathers the facts: whether the last message contains the
//!    agreed phrase ([`phrase`]), whether the project changed ([`project_digest`]), and how many `Stop` events in a
//!    row the agent lets a hook block ([`block_cap`]). If the user gave a command and approved it ([`approval`]), it
//!    also determines whether that command passes ([`done_when`]). The core gets the facts with the event.
//! 2. After the commit, baton carries out the decision. The agent gets the prompt again ([`LoopStop::next_prompt`]),
//!    or the definition and approval of an ended loop are removed.
//!
//! If one `Stop` is delivered several times, the command runs once. The first delivery holds a lock for it, and the
//! others find its result.
//!
//! **Architecture invariant.** A repository or an inherited environment variable can never start, change or stop a
//! loop, nor make baton run a command. The definition is in the state directory under a digest that the record holds,
//! and a command runs only if a file below the account's home shows that the user gave it.

pub mod approval;
pub mod block_cap;
mod cleanup;
pub mod definition;
pub mod done_when;
pub mod facts;
pub mod phrase;
mod process_group;
pub mod project_digest;
mod stop_event;

pub(crate) use cleanup::FinishedLoops;
pub use stop_event::{LoopStop, StopHost, StopInputs};
