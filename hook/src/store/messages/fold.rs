//! The log becomes saved messages.

use agent_baton_core::id::SessionId;
use agent_baton_core::stamp::Stamp;

use super::lines::Gathered;
use super::{Conversation, MAX_LOG, MAX_READ, MAX_SAVED, Place, make_log, size};
use crate::store::aside::set_aside;
use crate::store::error::StoreError;
use crate::store::file;
use crate::store::locked::Locked;

/// What a fold did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Folded {
    /// How many messages were saved that were not before.
    pub saved: usize,
}

impl Locked<'_> {
    /// Moves what stands in a session's log to its saved messages. Only for a session whose record is there: the log of one
    /// that was deleted is left alone.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read or written. Nothing is lost then: the next fold goes on.
    pub fn fold(&mut self, session: &SessionId, now: &Stamp) -> Result<Folded, StoreError> {
        let place = Place::of(self.store, session);
        let mut folded = Folded::default();
        // What a fold before this one was cut off at comes first, and is older.
        if size(&place.folding())?.is_some() {
            folded.saved += self.save(&place, session, now)?;
        }
        if size(&place.log())?.is_some_and(|size| size > 0) {
            file::rename_if_there(&place.log(), &place.folding())?;
            make_log(&place)?;
            file::sync_dir(&place.dir)?;
            folded.saved += self.save(&place, session, now)?;
        }
        Ok(folded)
    }

    /// Saves `folding.jsonl` and removes it; one with damage in it is set aside.
    fn save(&mut self, place: &Place, session: &SessionId, now: &Stamp) -> Result<usize, StoreError> {
        let layout = &self.store.layout;
        let path = place.folding();
        let bytes = match file::read(&path, MAX_LOG) {
            Err(StoreError::Unreadable { what, .. }) => {
                let report = set_aside(layout, &path, now, &what)?;
                self.report(report);
                return Ok(0);
            }
            read => read?.unwrap_or_default(),
        };
        let older = file::read(&place.older(), MAX_READ)?.unwrap_or_default();
        let saved = file::read(&place.saved(), MAX_READ)?.unwrap_or_default();
        let mut gathered = Gathered::new(session);
        gathered.add(&older);
        gathered.add(&saved);
        let (known, damaged) = (gathered.len(), gathered.damaged());
        gathered.add(&bytes);
        let damaged = gathered.damaged() - damaged;
        let Conversation { messages, .. } = gathered.into_conversation();
        let fresh = messages.get(known..).unwrap_or_default();
        if !fresh.is_empty() {
            let mut text = String::new();
            for message in fresh {
                let line = message.to_line().map_err(|error| StoreError::io("write as JSON", &path)(error.into()))?;
                text.push_str(&line);
            }
            if saved.len() as u64 > MAX_SAVED {
                file::rename_if_there(&place.saved(), &place.older())?;
            }
            let file = file::append(&place.saved(), text.as_bytes())?;
            file.sync_all().map_err(StoreError::io("sync", &place.saved()))?;
            file::sync_dir(&place.dir)?;
        }
        let saved = fresh.len();
        if damaged > 0 {
            let what = format!("holds {damaged} bytes that are no message of session {session}; all others were saved");
            let report = set_aside(layout, &path, now, &what)?;
            self.report(report);
        } else {
            file::remove(&path)?;
        }
        file::sync_dir(&place.dir)?;
        Ok(saved)
    }
}
