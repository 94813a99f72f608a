//! What was said in a session, where a person has it kept: `conversations/<id>/`.
//!
//! A call appends to `log.jsonl` without the lock. A holder of the lock folds the log into `saved.jsonl`: it renames the log to
//! `folding.jsonl`, starts an empty one, appends to `saved.jsonl` what is not in it yet, syncs that, and removes `folding.jsonl`.
//! Cut off anywhere, the next fold goes on: what is saved already is known by its number and adds nothing.
//!
//! Nobody waits for anybody. Whoever appended looks afterwards whether the log is still the one it wrote to, and writes again
//! where it is not: either the fold read the line after its rename, or the writer sees the rename.

mod bring;
mod chunk;
mod fold;
mod lines;
mod message;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use agent_baton_core::id::SessionId;

use super::error::StoreError;
use super::file;
use super::layout::Layout;
use super::locked::Locked;
use super::reading::Store;

pub use bring::Brought;
pub use chunk::Chunk;
pub use fold::Folded;
pub use message::{Message, Role};

/// The longest log that a fold reads, in bytes.
const MAX_LOG: u64 = 64 * 1024 * 1024;

/// From which size on a log is folded although its session goes on, in bytes.
pub const LONG_CONVERSATION: u64 = 1024 * 1024;

/// From which size on the saved messages begin a new file, in bytes. One older file is kept beside it.
const MAX_SAVED: u64 = 8 * 1024 * 1024;

/// The longest file of saved messages that is read: a whole one, and what one fold brought on top.
const MAX_READ: u64 = MAX_SAVED + MAX_LOG;

/// How often a message is written anew when the log was folded meanwhile.
const TRIES: u32 = 5;

/// The files of one session's conversation.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) dir: PathBuf,
}

impl Place {
    pub(super) fn of(store: &Store, session: &SessionId) -> Self {
        Self { dir: store.layout.conversation(session) }
    }

    fn log(&self) -> PathBuf {
        self.dir.join("log.jsonl")
    }

    fn folding(&self) -> PathBuf {
        self.dir.join("folding.jsonl")
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
pub enum Said {
    /// It stands in the log, which has this size in bytes.
    Kept(u64),
    /// The session has no log: it was not begun, or taken away with its session.
    NoLog,
}

/// The messages of a session, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conversation {
    /// Each one once.
    pub messages: Vec<Message>,
    /// How many bytes could not be read as a message of this session.
    pub damaged: usize,
}

/// The messages of a session in bytes that may be damaged.
#[must_use]
pub fn messages_of(session: &SessionId, bytes: &[u8]) -> Conversation {
    let mut gathered = lines::Gathered::new(session);
    gathered.add(bytes);
    gathered.into_conversation()
}

impl Store {
    /// Appends a message to its session's log, by one write; `sync` makes it outlast the machine. Makes no log: one that was
    /// taken away with its session stays away.
    ///
    /// # Errors
    ///
    /// Where the log cannot be written. A part of the line may stand there then; readers pass over it.
    pub fn say(&self, message: &Message, sync: bool) -> Result<Said, StoreError> {
        let path = Place::of(self, &message.session).log();
        let line = message.to_line().map_err(|error| StoreError::io("write as JSON", &path)(error.into()))?;
        for _ in 0..TRIES {
            let Some(log) = file::append_to(&path, line.as_bytes())? else { return Ok(Said::NoLog) };
            if sync {
                log.sync_data().map_err(StoreError::io("sync", &path))?;
            }
            let written = log.metadata().map_err(StoreError::io("look at", &path))?;
            match fs::symlink_metadata(&path) {
                Ok(now) if (now.dev(), now.ino()) == (written.dev(), written.ino()) => {
                    return Ok(Said::Kept(written.len()));
                }
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(StoreError::io("look at", &path)(error));
                }
                // It was folded meanwhile, maybe before this line came in.
                _ => {}
            }
        }
        Err(StoreError::Unsettled { path })
    }

    /// Makes the log of a session, empty, if there is none.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub fn open_log(&self, session: &SessionId) -> Result<(), StoreError> {
        let place = Place::of(self, session);
        file::make_dir(&place.dir)?;
        if make_log(&place)? {
            file::sync_dir(&place.dir)?;
            place.dir.parent().map_or(Ok(()), file::sync_dir)?;
        }
        Ok(())
    }

    /// What was said in a session and is kept, whether it is saved yet or not.
    ///
    /// # Errors
    ///
    /// Where a file of it cannot be read.
    pub fn conversation(&self, session: &SessionId) -> Result<Conversation, StoreError> {
        let place = Place::of(self, session);
        // A message only moves on from log to saved: read against that, it is seen once at least, whatever a fold does meanwhile.
        let log = file::read(&place.log(), MAX_LOG)?.unwrap_or_default();
        let folding = file::read(&place.folding(), MAX_LOG)?.unwrap_or_default();
        let saved = file::read(&place.saved(), MAX_READ)?.unwrap_or_default();
        let older = file::read(&place.older(), MAX_READ)?.unwrap_or_default();
        let mut gathered = lines::Gathered::new(session);
        for bytes in [&older, &saved, &folding, &log] {
            gathered.add(bytes);
        }
        Ok(gathered.into_conversation())
    }
}

impl Store {
    /// Whether anything is kept of what was said in a session.
    ///
    /// # Errors
    ///
    /// Where that cannot be seen.
    pub fn has_conversation(&self, session: &SessionId) -> Result<bool, StoreError> {
        file::is_there(&self.layout.conversation(session))
    }
}

impl Locked<'_> {
    /// Removes what is kept of what was said in a session that a person deleted.
    ///
    /// # Errors
    ///
    /// Where something of it cannot be removed.
    pub fn remove_conversation(&self, session: &SessionId) -> Result<(), StoreError> {
        remove(&self.store.layout, session)
    }
}

/// Removes what is kept of what was said in a session.
pub(super) fn remove(layout: &Layout, session: &SessionId) -> Result<(), StoreError> {
    let dir = layout.conversation(session);
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::io("remove", &dir)(error)),
        _ => Ok(()),
    }
}

/// Makes an empty log; false where there is one.
fn make_log(place: &Place) -> Result<bool, StoreError> {
    let path = place.log();
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
