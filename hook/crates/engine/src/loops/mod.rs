//! A run that drives its agent: the host's part. The core decides whether it goes round again; here stand its texts, what is looked
//! at before that is decided, and the words of the next prompt.
//!
//! **Architecture invariant.** Nothing that a repository or an environment brings starts, steers or stops a loop: its texts are in the
//! state directory under a digest that the record holds, and a command is run only where a file under the account's home says that a
//! user gave it.

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
