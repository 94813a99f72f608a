//! The state directory: the only room that knows its paths.
//!
//! A [`Home`] says where the state is and that it is safe to use. A [`Store`] reads it without the lock, through a
//! [`View`] that overlays the commit in flight. [`Store::lock`] gives a [`Locked`], which first brings the state into
//! order (redoes a commit that was cut off, mends the index) and is then the only thing that can write records: by
//! [`Locked::commit`], which takes a [`Checked`] decision and nothing else.
//!
//! **Architecture invariant.** Every path is built from a validated id or a hash; no text from outside becomes a path.
//!
//! **Architecture invariant.** What cannot be read is reported as such, is never taken for absent, and is never written
//! over.

mod account;
mod aside;
mod audit;
mod backward;
mod check;
mod command;
mod commit;
mod disabled;
mod due;
mod error;
mod file;
mod filesystem;
mod format;
mod health;
mod hold;
mod home;
mod inbox;
mod journal;
mod layout;
mod links;
mod lock;
mod locked;
mod log;
mod looping;
mod memory;
mod messages;
mod names;
mod plan;
mod progress;
mod purge;
mod reading;
mod rebuild;
mod record;
mod redo;
mod restored;
mod roll;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
mod unknown;
mod vault;
mod view;
mod way;

pub use account::AccountHome;
pub use audit::{Asked, AuditChange, AuditLine, AuditReader};
pub use check::{Checked, MAX_CHANGES, Refusal};
pub use command::CommandLock;
pub use disabled::Disabled;
pub use due::DueDay;
pub use error::StoreError;
pub use health::Health;
pub use home::{Env, Home, HomeError};
pub use inbox::{INBOX_MAX, Waiting};
pub use lock::LockError;
pub use locked::{CommitError, Committed, Locked};
pub use log::{Beat, LONG, Line, Mark, RECENT, Tail};
pub use messages::{Brought, Chunk, Conversation, Folded, LONG_CONVERSATION, Message, Role, Said, messages_of};
pub use reading::{Pending, Store};
pub use roll::{Listed, Roll, opened};
pub use vault::{PackKind, Vault};
pub use view::{ProjectLinks, View};
pub use way::check_outside;
