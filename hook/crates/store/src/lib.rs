//! The state directory. This is the only crate that knows its paths.
//!
//! A [`StateDir`] names a directory that was checked and is safe to use. A [`Store`] reads it without the lock, through
//! a [`View`] that includes the commit in flight. [`Store::lock`] returns a [`LockedStore`], which first recovers the
//! state: it completes an interrupted commit and rebuilds a damaged index. After that, it is the only type that can
//! write records. Its method [`LockedStore::commit`] accepts a decision of the core as a [`ValidatedDecision`]. A
//! [`Transaction`] writes the changes that users, discovery and retention make without the core.
//!
//! **Architecture invariant.** Every path is built from a validated id or a hash. No external text becomes a path.
//!
//! **Architecture invariant.** An unreadable file is reported, is never treated as absent, and is never overwritten.

mod audit;
mod audit_action;
mod cache;
mod changed_records;
mod decision_check;
mod error;
mod fence_bump;
mod file;
#[cfg(any(test, feature = "testing"))]
pub mod fixtures;
mod fleet_files;
mod heartbeat_log;
mod inbox;
mod index;
mod lock;
mod locked_store;
mod loop_definitions;
mod messages;
pub mod progress;
mod progress_log;
mod protected;
mod quarantine;
mod records;
mod reverse_lines;
mod state_dir;
mod store;
#[cfg(test)]
mod tests;
mod transaction;
mod wal;

pub use audit::{AuditChange, AuditLine, AuditReader, AuditSubject};
pub use audit_action::AuditAction;
pub use baton_fs::account::AccountHome;
pub use changed_records::{AuditPosition, ChangedRecords};
pub use decision_check::{InvalidDecision, MAX_CHANGES, ValidatedDecision};
pub use error::StoreError;
pub use fleet_files::FleetFile;
pub use heartbeat_log::{DeliveryAck, Heartbeat, LONG_LOG_BYTES, LogLine, LogTail, RECENT_LOG_BYTES};
pub use inbox::{DeferredEvent, INBOX_BATCH};
pub use index::expiry::ExpiryBucket;
pub use lock::LockError;
pub use lock::supervisor::SupervisorLock;
pub use locked_store::{Committed, LockedStore};
pub use messages::{
    Appended, Chunk, Compacted, Conversation, ImportedConversation, LONG_CONVERSATION_BYTES, Message, Role,
    parse_messages,
};
pub use protected::{ArchiveKind, ProtectedStore};
pub use records::last_opened;
pub use records::view::{ProjectRecords, View};
pub use state_dir::disabled::Disabled;
pub use state_dir::health::Health;
pub use state_dir::trust::check_outside_worktree;
pub use state_dir::unusable::HistoryCheck;
pub use state_dir::{StateDir, StateDirEnv, StateDirError};
pub use store::{PendingWork, Store};
pub use transaction::Transaction;
pub use wal::error::CommitError;
