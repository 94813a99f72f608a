//! Imports a conversation from another machine.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use agent_baton_core::id::SessionId;
use agent_baton_core::timestamp::Timestamp;

use super::{ConversationDir, MAX_READ, Message};
use crate::error::StoreError;
use crate::file::{self, Durability};
use crate::locked_store::LockedStore;
use crate::quarantine::quarantine;
use crate::store::Store;

/// The file of decisions that were imported.
const DECISIONS: &str = "decisions.jsonl";

/// The maximum size of the file of decisions, in bytes.
const MAX_DECISIONS: u64 = 128 * 1024 * 1024;

/// The files that an import creates beside the record.
#[derive(Debug, Clone, Copy)]
pub struct ImportedConversation<'a> {
    /// The messages.
    pub messages: &'a [Message],
    /// The Markdown chunks with their numbers.
    pub chunks: &'a [(u32, String)],
    /// The decisions about the session, one per line.
    pub decisions: &'a str,
    /// The transcript and its file name.
    pub transcript: Option<(&'static str, &'a [u8])>,
}

impl Store {
    /// Returns the path of a transcript that was imported with a session.
    #[must_use]
    pub fn imported_transcript_path(&self, session: &SessionId, name: &str) -> std::path::PathBuf {
        ConversationDir::of(self, session).dir.join(name)
    }

    /// Returns the decisions that were imported with a session, one per line.
    ///
    /// # Errors
    ///
    /// Returns an error if they cannot be read.
    pub fn imported_decisions(&self, session: &SessionId) -> Result<String, StoreError> {
        let path = ConversationDir::of(self, session).dir.join(DECISIONS);
        let bytes = file::read(&path, MAX_DECISIONS)?.unwrap_or_default();
        String::from_utf8(bytes).map_err(|_| StoreError::unreadable(&path, "is not UTF-8"))
    }
}

impl LockedStore<'_> {
    /// Creates the conversation of an imported session atomically. If files already exist there without a record, they
    /// move to quarantine.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be written. The conversation then does not exist.
    pub fn import_conversation(
        &mut self,
        session: &SessionId,
        brought: ImportedConversation<'_>,
        now: &Timestamp,
    ) -> Result<(), StoreError> {
        let conversation = ConversationDir::of(self.store, session);
        let Some(above) = conversation.dir.parent() else { return Ok(()) };
        // No id begins with a dot, so this directory belongs to no session.
        let fresh = ConversationDir { dir: above.join(".import") };
        clear(&fresh.dir)?;
        file::make_dir(&fresh.dir)?;
        let mut text = String::new();
        for message in brought.messages {
            let line =
                message.to_line().map_err(|error| StoreError::io("write as JSON", &fresh.saved())(error.into()))?;
            text.push_str(&line);
        }
        file::write_synced(&fresh.saved(), text.as_bytes())?;
        for (number, text) in brought.chunks {
            file::write_synced(&fresh.chunk(*number), text.as_bytes())?;
        }
        file::write_synced(&fresh.dir.join(DECISIONS), brought.decisions.as_bytes())?;
        if let Some((name, bytes)) = brought.transcript {
            file::write_synced(&fresh.dir.join(name), bytes)?;
        }
        file::sync_dir(&fresh.dir)?;
        // A rename replaces an empty directory, which contains nothing to keep.
        if !file::list_names(&conversation.dir)?.is_empty() {
            let report = quarantine(&self.store.layout, &conversation.dir, now, "belongs to no known session")?;
            self.report(report);
        }
        fs::rename(&fresh.dir, &conversation.dir)
            .map_err(StoreError::io("rename a directory to", &conversation.dir))?;
        file::sync_dir(above)
    }

    /// Adds to the conversation of a session what it does not have of an imported one: messages, chunks and decisions. It
    /// removes nothing and ignores the transcript. It can be repeated.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be read or written. What was added before stays.
    pub fn merge_conversation(
        &mut self,
        session: &SessionId,
        brought: ImportedConversation<'_>,
        now: &Timestamp,
    ) -> Result<(), StoreError> {
        // What is in the log was said before what was brought, and must not come after it.
        self.compact_conversation(session, now)?;
        let conversation = ConversationDir::of(self.store, session);
        file::make_dir(&conversation.dir)?;
        let known: HashSet<_> = self.store.conversation(session)?.messages.iter().map(Message::key).collect();
        let path = conversation.saved();
        let mut saved = file::read(&path, MAX_READ)?.unwrap_or_default();
        let size = saved.len();
        for message in brought.messages.iter().filter(|message| !known.contains(&message.key())) {
            let line = message.to_line().map_err(|error| StoreError::io("write as JSON", &path)(error.into()))?;
            saved.extend_from_slice(line.as_bytes());
        }
        if saved.len() > size {
            file::replace(&conversation.dir.join("saved.temp"), &path, &saved, Durability::Full)?;
        }
        for (number, text) in brought.chunks {
            let path = conversation.chunk(*number);
            if !file::exists(&path)? {
                file::replace(&conversation.dir.join("chunk.temp"), &path, text.as_bytes(), Durability::Content)?;
            }
        }
        let mut decisions = self.store.imported_decisions(session)?;
        let (size, known) = (decisions.len(), decisions.clone());
        let known: HashSet<&str> = known.lines().collect();
        for line in brought.decisions.lines().filter(|line| !known.contains(line)) {
            decisions.push_str(line);
            decisions.push('\n');
        }
        if decisions.len() > size {
            let path = conversation.dir.join(DECISIONS);
            file::replace(&conversation.dir.join("decisions.temp"), &path, decisions.as_bytes(), Durability::Full)?;
        }
        Ok(())
    }
}

fn clear(dir: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io("remove", dir)(error)),
        _ => Ok(()),
    }
}
