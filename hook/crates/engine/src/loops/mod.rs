//! Loops: a run that keeps its agent working. This is the host's part; the core decides whether the agent goes on.
//!
//! When the agent of a loop wants to stop, its `Stop` event passes through here twice:
//!
//! 1. Before the lock, [`LoopStop::evaluate`] gathers the facts: whether the last message holds the agreed phrase ([`phrase`]),
//!    whether the project changed ([`project_digest`]), how many Stops in a row the agent lets a hook block ([`block_cap`]), and,
//!    if the user gave a command and approved it ([`approval`]), whether that command passes ([`done_when`]). The facts go to the
//!    core with the event.
//! 2. After the commit, the decision is carried out: the agent is given the prompt again ([`LoopStop::next_prompt`]), and the
//!    definition and approval of a loop that has ended are removed.
//!
//! Several deliveries of one `Stop` run the command once: the first holds a lock for it, and the others find its result.
//!
//! **Architecture invariant.** A repository or an inherited environment variable can never start, change or stop a loop, nor make
//! baton run a command. The definition is in the state directory under a digest that the record holds, and a command runs only if
//! a file below the account's home says that the user gave it.

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
