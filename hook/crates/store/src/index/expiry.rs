//! Lists which sessions moved to the archive or the trash on which day, so that retention finds expired sessions
//! without listing either directory.
//!
//! There is one file for each location and day, with one id per line. The file is only a hint, because the record
//! decides. `baton gc` asks the catalogue and does not need it.

use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::timestamp::Timestamp;

use crate::error::StoreError;
use crate::file;
use crate::state_dir::layout::Layout;
use crate::store::Store;

/// The milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The maximum size of a file, in bytes: some 25,000 ids. `baton gc` finds the sessions that do not fit.
const MAX_FILE: u64 = 1024 * 1024;

/// The sessions that moved to one location on one day and have expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiryBucket {
    location: Location,
    day: u64,
    /// The sessions, in order of arrival.
    pub sessions: Vec<SessionId>,
}

/// Records that a session moved to the archive or the trash. Repeating it changes nothing.
pub(crate) fn record_arrival(
    layout: &Layout,
    location: Location,
    id: &SessionId,
    at: &Timestamp,
) -> Result<(), StoreError> {
    let path = layout.expiry_bucket(location, at.unix_ms / DAY_MS);
    let line = format!("{id}\n");
    match file::read(&path, MAX_FILE) {
        // Recovery may repeat this.
        Ok(Some(bytes)) if bytes.split(|byte| *byte == b'\n').any(|known| known == id.as_str().as_bytes()) => Ok(()),
        Ok(Some(_)) => file::append(&path, line.as_bytes()).map(drop),
        Ok(None) => {
            file::make_dir(&layout.expiry_dir())?;
            file::append(&path, line.as_bytes()).map(drop)
        }
        // The file is only a hint, so an error must not fail the commit.
        Err(_) => Ok(()),
    }
}

impl Store {
    /// Returns the oldest day that is at least `age_ms` before `now` and on which sessions moved to a location, or
    /// `None` if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the files cannot be listed or read.
    pub fn oldest_expiry_bucket(
        &self,
        location: Location,
        age_ms: u64,
        now: &Timestamp,
    ) -> Result<Option<ExpiryBucket>, StoreError> {
        // The whole day must be old enough, including its last moment.
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
    /// Removes the first `count` sessions from the bucket's file, and the file itself once it is empty.
    pub(crate) fn remove_first(&self, layout: &Layout, count: usize) -> Result<(), StoreError> {
        let path = layout.expiry_bucket(self.location, self.day);
        match self.sessions.get(count..) {
            None | Some([]) => file::remove(&path),
            Some(left) => {
                let text: String = left.iter().map(|id| format!("{id}\n")).collect();
                file::replace(&layout.temp_of("expiry"), &path, text.as_bytes(), file::Durability::Full)
            }
        }
    }
}
