//! Compacts the log of a session into its saved messages.

use agent_baton_core::id::SessionId;
use agent_baton_core::timestamp::Timestamp;

use super::parse::MessageSet;
use super::{Conversation, ConversationDir, MAX_LOG, MAX_READ, MAX_SAVED, make_log, size};
use crate::error::StoreError;
use crate::file;
use crate::locked_store::LockedStore;
use crate::quarantine::quarantine;

/// The result of compacting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compacted {
    /// How many new messages were saved.
    pub saved: usize,
}

impl LockedStore<'_> {
    /// Moves the messages in a session's log to its saved messages. The session must have a record. The log of a
    /// deleted session is not changed.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be read or written. Nothing is lost, and the next call continues.
    pub fn compact_conversation(&mut self, session: &SessionId, now: &Timestamp) -> Result<Compacted, StoreError> {
        let conversation = ConversationDir::of(self.store, session);
        let mut compacted = Compacted::default();
        // Messages from an earlier, interrupted compaction are older and come first.
        if size(&conversation.compacting())?.is_some() {
            compacted.saved += self.save(&conversation, session, now)?;
        }
        if size(&conversation.log())?.is_some_and(|size| size > 0) {
            file::rename_if_there(&conversation.log(), &conversation.compacting())?;
            make_log(&conversation)?;
            file::sync_dir(&conversation.dir)?;
            compacted.saved += self.save(&conversation, session, now)?;
        }
        Ok(compacted)
    }

    /// Saves the messages in `compacting.jsonl` and removes the file. A damaged file moves to quarantine.
    fn save(
        &mut self,
        conversation: &ConversationDir,
        session: &SessionId,
        now: &Timestamp,
    ) -> Result<usize, StoreError> {
        let layout = &self.store.layout;
        let path = conversation.compacting();
        let bytes = match file::read(&path, MAX_LOG) {
            Err(StoreError::Unreadable { what, .. }) => {
                let report = quarantine(layout, &path, now, &what)?;
                self.report(report);
                return Ok(0);
            }
            read => read?.unwrap_or_default(),
        };
        let older = file::read(&conversation.older(), MAX_READ)?.unwrap_or_default();
        let saved = file::read(&conversation.saved(), MAX_READ)?.unwrap_or_default();
        let mut set = MessageSet::new(session);
        set.add(&older);
        set.add(&saved);
        let (known, damaged) = (set.len(), set.damaged());
        set.add(&bytes);
        let damaged = set.damaged() - damaged;
        let Conversation { messages, .. } = set.into_conversation();
        let fresh = messages.get(known..).unwrap_or_default();
        if !fresh.is_empty() {
            let mut text = String::new();
            for message in fresh {
                let line = message.to_line().map_err(|error| StoreError::io("write as JSON", &path)(error.into()))?;
                text.push_str(&line);
            }
            if saved.len() as u64 > MAX_SAVED {
                file::rename_if_there(&conversation.saved(), &conversation.older())?;
            }
            let file = file::append(&conversation.saved(), text.as_bytes())?;
            file.sync_all().map_err(StoreError::io("sync", &conversation.saved()))?;
            file::sync_dir(&conversation.dir)?;
        }
        let saved = fresh.len();
        if damaged > 0 {
            let what = format!(
                "holds {damaged} bytes that are not a message of session {session}; all other messages were saved"
            );
            let report = quarantine(layout, &path, now, &what)?;
            self.report(report);
        } else {
            file::remove(&path)?;
        }
        file::sync_dir(&conversation.dir)?;
        Ok(saved)
    }
}
