//! Which sessions came to the archive or the trash on which day, so that what is due is found without listing either.
//!
//! A file for each location and day, an id a line. It only says where to look: what counts is the record. `baton gc` looks at every
//! record and needs none of it.

use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::timestamp::Timestamp;

use crate::error::StoreError;
use crate::file;
use crate::state_dir::layout::Layout;
use crate::store::Store;

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The largest file that is read, in bytes: some 25,000 ids. What does not fit is left to `baton gc`.
const MAX_FILE: u64 = 1024 * 1024;

/// The files of one location and day that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiryBucket {
    location: Location,
    day: u64,
    /// The sessions, in the order in which they came.
    pub sessions: Vec<SessionId>,
}

/// Records that a session came to the archive or the trash. Doing it again changes nothing.
pub(crate) fn record_arrival(
    layout: &Layout,
    location: Location,
    id: &SessionId,
    at: &Timestamp,
) -> Result<(), StoreError> {
    let path = layout.expiry_bucket(location, at.unix_ms / DAY_MS);
    let line = format!("{id}\n");
    match file::read(&path, MAX_FILE) {
        // Recovery may come here again.
        Ok(Some(bytes)) if bytes.split(|byte| *byte == b'\n').any(|known| known == id.as_str().as_bytes()) => Ok(()),
        Ok(Some(_)) => file::append(&path, line.as_bytes()).map(drop),
        Ok(None) => {
            file::make_dir(&layout.expiry_dir())?;
            file::append(&path, line.as_bytes()).map(drop)
        }
        // Only a hint: it must not hold up a commit.
        Err(_) => Ok(()),
    }
}

impl Store {
    /// The oldest day on which sessions came to a location that was at least `age_ms` before `now`; none where nothing is due.
    ///
    /// # Errors
    ///
    /// Where the files cannot be listed or read.
    pub fn oldest_expiry_bucket(
        &self,
        location: Location,
        age_ms: u64,
        now: &Timestamp,
    ) -> Result<Option<ExpiryBucket>, StoreError> {
        // Of the day itself everything must be old enough, its last moment too.
        let Some(last) = (now.unix_ms.saturating_sub(age_ms) / DAY_MS).checked_sub(1) else { return Ok(None) };
        let prefix = if location == Location::Trash { "trash-" } else { "archive-" };
        let names = file::list_names(&self.layout.expiry_dir())?;
        let days = names.iter().filter_map(|name| name.strip_prefix(prefix)?.parse::<u64>().ok());
        let Some(day) = days.filter(|day| *day <= last).min() else { return Ok(None) };
        let bytes = file::read(&self.layout.expiry_bucket(location, day), MAX_FILE)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let sessions = text.lines().filter_map(|line| line.parse().ok()).collect();
        Ok(Some(ExpiryBucket { location, day, sessions }))
    }
}

impl ExpiryBucket {
    /// Takes the first `count` sessions out of the bucket's file; the file goes with its last session.
    pub(crate) fn remove_first(&self, layout: &Layout, count: usize) -> Result<(), StoreError> {
        let path = layout.expiry_bucket(self.location, self.day);
        match self.sessions.get(count..) {
            None | Some([]) => file::remove(&path),
            Some(left) => {
                let text: String = left.iter().map(|id| format!("{id}\n")).collect();
                file::replace_durably(&layout.temp_of("expiry"), &path, text.as_bytes())
            }
        }
    }
}
