//! The stored messages of a session, if the user enabled them, in `conversations/<id>/`.
//!
//! A call appends to `log.jsonl` without the lock. A holder of the lock compacts the log into `saved.jsonl`. It renames
//! the log to `compacting.jsonl`, starts an empty log, appends the new messages to `saved.jsonl`, syncs that file, and
//! removes `compacting.jsonl`. An interrupted compaction is continued by the next one: messages that are already saved
//! are recognised by their numbers and not added again.
//!
//! Nobody waits for anybody. After it appended, a writer checks whether the log is still the file that it wrote to, and
//! writes again if it is not. So either the compaction read the line after its rename, or the writer notices the
//! rename.

mod compact;
mod conversation;
mod import;
mod markdown;
mod message;
mod parse;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use agent_baton_core::id::SessionId;
use baton_fs::lock::is_at;

use crate::error::StoreError;
use crate::file;
use crate::store::Store;

pub use compact::Compacted;
pub use conversation::Conversation;
pub use import::ImportedConversation;
pub use markdown::Chunk;
pub use message::{Message, Role};

/// The maximum length of a log that is compacted, in bytes.
const MAX_LOG: u64 = 64 * 1024 * 1024;

/// The size from which a log is compacted although its session continues, in bytes.
pub const LONG_CONVERSATION_BYTES: u64 = 1024 * 1024;

/// The size from which the saved messages continue in a new file, in bytes. One older file is kept.
const MAX_SAVED: u64 = 8 * 1024 * 1024;

/// The maximum size of a file of saved messages: a full one, and the messages that one compaction added to it.
const MAX_READ: u64 = MAX_SAVED + MAX_LOG;

/// How often a message is written again if the log was compacted in the meantime.
const TRIES: u32 = 5;

/// The files of one session's conversation.
#[derive(Debug, Clone)]
pub(crate) struct ConversationDir {
    pub(crate) dir: PathBuf,
}

impl ConversationDir {
    pub(crate) fn of(store: &Store, session: &SessionId) -> Self {
        Self { dir: store.layout.conversation(session) }
    }

    fn log(&self) -> PathBuf {
        self.dir.join("log.jsonl")
    }

    fn compacting(&self) -> PathBuf {
        self.dir.join("compacting.jsonl")
    }

    fn saved(&self) -> PathBuf {
        self.dir.join("saved.jsonl")
    }

    fn older(&self) -> PathBuf {
        self.dir.join("saved.1.jsonl")
    }

    fn chunk(&self, number: u32) -> PathBuf {
        self.dir.join(format!("chunk-{number}.md"))
    }
}

/// The result of appending a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The message is in the log, which now has this size in bytes.
    Kept(u64),
    /// The session has no log: it was never created, or was removed with the session.
    NoLog,
}

/// Parses the messages of a session from bytes that may be damaged.
#[must_use]
pub fn parse_messages(session: &SessionId, bytes: &[u8]) -> Conversation {
    let mut set = parse::MessageSet::new(session);
    set.add(bytes);
    set.into_conversation()
}

impl Store {
    /// Appends a message to its session's log with one write. `sync` makes it durable. It does not create a log, so a
    /// log that was removed with its session stays removed.
    ///
    /// # Errors
    ///
    /// Returns an error if the log cannot be written. A part of the line may then be in the log, and readers skip it.
    pub fn append_message(&self, message: &Message, sync: bool) -> Result<Appended, StoreError> {
        let path = ConversationDir::of(self, &message.session).log();
        let line = message.to_line().map_err(|error| StoreError::io("write as JSON", &path)(error.into()))?;
        for _ in 0..TRIES {
            let Some(log) = file::append_to_existing(&path, line.as_bytes())? else { return Ok(Appended::NoLog) };
            if sync {
                log.sync_data().map_err(StoreError::io("sync", &path))?;
            }
            // If not, it was compacted in the meantime, perhaps before this line was written.
            if is_at(&log, &path).map_err(StoreError::io("inspect", &path))? {
                return Ok(Appended::Kept(log.metadata().map_err(StoreError::io("inspect", &path))?.len()));
            }
        }
        Err(StoreError::Contended { path })
    }

    /// Creates an empty log for a session if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be created.
    pub fn create_message_log(&self, session: &SessionId) -> Result<(), StoreError> {
        let conversation = ConversationDir::of(self, session);
        file::make_dir(&conversation.dir)?;
        if make_log(&conversation)? {
            file::sync_dir(&conversation.dir)?;
            conversation.dir.parent().map_or(Ok(()), file::sync_dir)?;
        }
        Ok(())
    }

    /// Returns the stored messages of a session, whether they are saved yet or not.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be read.
    pub fn conversation(&self, session: &SessionId) -> Result<Conversation, StoreError> {
        let conversation = ConversationDir::of(self, session);
        // A message only moves from the log to the saved file. Reading in the opposite order finds it at least once,
        // whatever a compaction does meanwhile.
        let log = file::read(&conversation.log(), MAX_LOG)?.unwrap_or_default();
        let folding = file::read(&conversation.compacting(), MAX_LOG)?.unwrap_or_default();
        let saved = file::read(&conversation.saved(), MAX_READ)?.unwrap_or_default();
        let older = file::read(&conversation.older(), MAX_READ)?.unwrap_or_default();
        let mut set = parse::MessageSet::new(session);
        for bytes in [&older, &saved, &folding, &log] {
            set.add(bytes);
        }
        Ok(set.into_conversation())
    }
}

impl Store {
    /// Returns whether a session has stored messages.
    ///
    /// # Errors
    ///
    /// Returns an error if that cannot be determined.
    pub fn has_conversation(&self, session: &SessionId) -> Result<bool, StoreError> {
        file::exists(&self.layout.conversation(session))
    }
}

/// Creates an empty log. Returns false if one exists.
fn make_log(conversation: &ConversationDir) -> Result<bool, StoreError> {
    let path = conversation.log();
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(StoreError::io("create", &path)(error)),
    }
}

/// Returns the size of a file, or `None` if it does not exist.
fn size(path: &Path) -> Result<Option<u64>, StoreError> {
    Ok(file::open(path)?.map(|(_, size)| size))
}
