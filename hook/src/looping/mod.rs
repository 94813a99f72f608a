//! A run that drives its agent: the host's part. The core decides whether it goes round again; here stand its texts, what is looked
//! at before that is decided, and the words of the next prompt.
//!
//! **Architecture invariant.** Nothing that a repository or an environment brings starts, steers or stops a loop: its texts are in the
//! state directory under a digest that the record holds, and a command is run only where a file under the account's home says that a
//! person gave it.

pub mod approval;
pub mod cap;
pub mod check;
mod drive;
mod over;
pub mod phrase;
pub mod project;
pub mod stop;
pub mod texts;
mod warden;

pub use drive::Driven;
pub use over::clear;
