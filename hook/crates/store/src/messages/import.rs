//! A conversation that comes from another machine.

use std::fs;
use std::path::Path;

use agent_baton_core::id::SessionId;
use agent_baton_core::timestamp::Timestamp;

use super::{ConversationDir, Message};
use crate::error::StoreError;
use crate::file;
use crate::locked_store::LockedStore;
use crate::quarantine::quarantine;
use crate::store::Store;

/// The largest file of decisions that is read, in bytes.
const MAX_DECISIONS: u64 = 128 * 1024 * 1024;

/// What an import lays down beside the record.
#[derive(Debug, Clone, Copy)]
pub struct ImportedConversation<'a> {
    /// What was said.
    pub messages: &'a [Message],
    /// The chunks.
    pub chunks: &'a [(u32, String)],
    /// The decisions about the session, a line each.
    pub decisions: &'a str,
    /// The transcript, with its file's name.
    pub transcript: Option<(&'static str, &'a [u8])>,
}

impl Store {
    /// Where a transcript stands that was brought with a session.
    #[must_use]
    pub fn imported_transcript_path(&self, session: &SessionId, name: &str) -> std::path::PathBuf {
        ConversationDir::of(self, session).dir.join(name)
    }

    /// The decisions that were brought with a session from another machine, a line each.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
    pub fn imported_decisions(&self, session: &SessionId) -> Result<String, StoreError> {
        let path = ConversationDir::of(self, session).dir.join("decisions.jsonl");
        let bytes = file::read(&path, MAX_DECISIONS)?.unwrap_or_default();
        String::from_utf8(bytes).map_err(|_| StoreError::unreadable(&path, "is not UTF-8"))
    }
}

impl LockedStore<'_> {
    /// Lays down the conversation of a session that has no record here, in one step. What stands there without a record is set
    /// aside.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written. Nothing stands there then.
    pub fn import_conversation(
        &mut self,
        session: &SessionId,
        brought: ImportedConversation<'_>,
        now: &Timestamp,
    ) -> Result<(), StoreError> {
        let conversation = ConversationDir::of(self.store, session);
        let Some(above) = conversation.dir.parent() else { return Ok(()) };
        // No id begins with a dot, so this is no session's.
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
        file::write_synced(&fresh.dir.join("decisions.jsonl"), brought.decisions.as_bytes())?;
        if let Some((name, bytes)) = brought.transcript {
            file::write_synced(&fresh.dir.join(name), bytes)?;
        }
        file::sync_dir(&fresh.dir)?;
        // An empty directory holds nothing of anybody's; a rename goes over it.
        if !file::list_names(&conversation.dir)?.is_empty() {
            let report = quarantine(&self.store.layout, &conversation.dir, now, "belongs to no session that is known")?;
            self.report(report);
        }
        fs::rename(&fresh.dir, &conversation.dir)
            .map_err(StoreError::io("rename a directory to", &conversation.dir))?;
        file::sync_dir(above)
    }
}

fn clear(dir: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io("remove", dir)(error)),
        _ => Ok(()),
    }
}
