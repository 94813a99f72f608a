//! What was said in a session, where a user has it kept: `conversations/<id>/`.
//!
//! A call appends to `log.jsonl` without the lock. A holder of the lock folds the log into `saved.jsonl`: it renames the log to
//! `compacting.jsonl`, starts an empty one, appends to `saved.jsonl` what is not in it yet, syncs that, and removes `compacting.jsonl`.
//! Cut off anywhere, the next fold goes on: what is saved already is known by its number and adds nothing.
//!
//! Nobody waits for anybody. Whoever appended looks afterwards whether the log is still the one it wrote to, and writes again
//! where it is not: either the fold read the line after its rename, or the writer sees the rename.

mod compact;
mod conversation;
mod import;
mod markdown;
mod message;
mod parse;
pub(crate) mod remove;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use agent_baton_core::id::SessionId;

use crate::error::StoreError;
use crate::file;
use crate::store::Store;

pub use compact::Compacted;
pub use conversation::Conversation;
pub use import::ImportedConversation;
pub use markdown::Chunk;
pub use message::{Message, Role};

/// The longest log that a fold reads, in bytes.
const MAX_LOG: u64 = 64 * 1024 * 1024;

/// From which size on a log is folded although its session goes on, in bytes.
pub const LONG_CONVERSATION_BYTES: u64 = 1024 * 1024;

/// From which size on the saved messages begin a new file, in bytes. One older file is kept beside it.
const MAX_SAVED: u64 = 8 * 1024 * 1024;

/// The longest file of saved messages that is read: a whole one, and what one fold brought on top.
const MAX_READ: u64 = MAX_SAVED + MAX_LOG;

/// How often a message is written anew when the log was folded meanwhile.
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

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It stands in the log, which has this size in bytes.
    Kept(u64),
    /// The session has no log: it was not begun, or taken away with its session.
    NoLog,
}

/// The messages of a session in bytes that may be damaged.
#[must_use]
pub fn parse_messages(session: &SessionId, bytes: &[u8]) -> Conversation {
    let mut set = parse::MessageSet::new(session);
    set.add(bytes);
    set.into_conversation()
}

impl Store {
    /// Appends a message to its session's log, by one write; `sync` makes it outlast the machine. Makes no log: one that was
    /// taken away with its session stays away.
    ///
    /// # Errors
    ///
    /// Where the log cannot be written. A part of the line may stand there then; readers pass over it.
    pub fn append_message(&self, message: &Message, sync: bool) -> Result<Appended, StoreError> {
        let path = ConversationDir::of(self, &message.session).log();
        let line = message.to_line().map_err(|error| StoreError::io("write as JSON", &path)(error.into()))?;
        for _ in 0..TRIES {
            let Some(log) = file::append_to_existing(&path, line.as_bytes())? else { return Ok(Appended::NoLog) };
            if sync {
                log.sync_data().map_err(StoreError::io("sync", &path))?;
            }
            let written = log.metadata().map_err(StoreError::io("look at", &path))?;
            match fs::symlink_metadata(&path) {
                Ok(now) if (now.dev(), now.ino()) == (written.dev(), written.ino()) => {
                    return Ok(Appended::Kept(written.len()));
                }
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(StoreError::io("look at", &path)(error));
                }
                // It was folded meanwhile, maybe before this line came in.
                _ => {}
            }
        }
        Err(StoreError::Contended { path })
    }

    /// Makes the log of a session, empty, if there is none.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub fn create_message_log(&self, session: &SessionId) -> Result<(), StoreError> {
        let conversation = ConversationDir::of(self, session);
        file::make_dir(&conversation.dir)?;
        if make_log(&conversation)? {
            file::sync_dir(&conversation.dir)?;
            conversation.dir.parent().map_or(Ok(()), file::sync_dir)?;
        }
        Ok(())
    }

    /// What was said in a session and is kept, whether it is saved yet or not.
    ///
    /// # Errors
    ///
    /// Where a file of it cannot be read.
    pub fn conversation(&self, session: &SessionId) -> Result<Conversation, StoreError> {
        let conversation = ConversationDir::of(self, session);
        // A message only moves on from log to saved: read against that, it is seen once at least, whatever a fold does meanwhile.
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
    /// Whether anything is kept of what was said in a session.
    ///
    /// # Errors
    ///
    /// Where that cannot be seen.
    pub fn has_conversation(&self, session: &SessionId) -> Result<bool, StoreError> {
        file::exists(&self.layout.conversation(session))
    }
}

/// Makes an empty log; false where there is one.
fn make_log(conversation: &ConversationDir) -> Result<bool, StoreError> {
    let path = conversation.log();
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(StoreError::io("create", &path)(error)),
    }
}

/// The size of a file; none where there is none.
fn size(path: &Path) -> Result<Option<u64>, StoreError> {
    Ok(file::open(path)?.map(|(_, size)| size))
}
