//! The recent sessions: the most recently opened ones and all that have not ended, live or archived, ordered by the
//! time when they were last opened.
//!
//! This is one small file, written in the commit of the record from which it follows. It answers the most frequent
//! questions (which sessions are alive, which was the last) without reading the records of years.

use agent_baton_core::decision::{Location, Record};
use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::file;
use crate::state_dir::layout::{Layout, Target};

/// The maximum number of entries. Ended sessions are removed first, the oldest first.
pub(crate) const MAX_RECENT: usize = 256;

/// A session in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentEntry {
    /// The session.
    pub id: SessionId,
    /// When it was last opened, in milliseconds since 1970.
    pub at: u64,
    /// Whether it has ended or is archived.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// Whether it always ran without a user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub headless: bool,
}

impl RecentEntry {
    /// Returns the entry for a record in a location, or `None` for a run and for an empty session that was superseded.
    pub(crate) fn from_record(record: &Record, location: Location) -> Option<Self> {
        let Record::Session(session) = record else { return None };
        let superseded = session.ended.as_ref().is_some_and(|end| end.reason == Reason::Superseded);
        (!superseded && location != Location::Trash).then(|| Self {
            id: session.id.clone(),
            at: last_opened(session).unix_ms,
            ended: session.ended.is_some() || location == Location::Archive,
            headless: session.headless,
        })
    }
}

/// Returns when a session was last opened: the start of its newest launch.
#[must_use]
pub fn last_opened(session: &Session) -> &Timestamp {
    let launches = session.launches.iter().map(|launch| &launch.started);
    launches.max_by_key(|started| started.unix_ms).unwrap_or(&session.created)
}

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecentSessions {
    pub(crate) revision: u64,
    /// The time of the newest entry that was removed, in milliseconds since 1970. Every session that is newer is in the
    /// list.
    pub complete_since: u64,
    /// Whether there was no time to read the archive. Then sessions of any age may be missing from the list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// Whether a session that had not ended was removed. Then only the live records tell which sessions have not ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// The entries, newest last.
    pub sessions: Vec<RecentEntry>,
}

impl RecentSessions {
    pub(crate) fn parse(layout: &Layout, bytes: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(bytes).map_err(|_| StoreError::IndexMissing { path: layout.target(&Target::Recent).1 })
    }

    /// Reads the file under the lock, with no commit in flight.
    pub(crate) fn read(layout: &Layout) -> Result<Self, StoreError> {
        let path = layout.target(&Target::Recent).1;
        match file::read(&path, file::MAX_RECORD) {
            Ok(Some(bytes)) => Self::parse(layout, &bytes),
            // The file is missing in a state directory of an older version.
            Ok(None) | Err(StoreError::Unreadable { .. }) => Err(StoreError::IndexMissing { path }),
            Err(error) => Err(error),
        }
    }

    /// Inserts or moves the entry of a session, or removes it.
    pub(crate) fn set(&mut self, id: &SessionId, listed: Option<RecentEntry>) {
        self.sessions.retain(|present| present.id != *id);
        if let Some(listed) = listed.filter(|listed| !listed.ended || listed.at > self.complete_since) {
            let after = self.sessions.partition_point(|present| present.at <= listed.at);
            self.sessions.insert(after, listed);
        }
        while self.sessions.len() > MAX_RECENT {
            let oldest = self.sessions.iter().position(|present| present.ended).unwrap_or(0);
            let gone = self.sessions.remove(oldest);
            self.truncated |= !gone.ended;
            self.complete_since = self.complete_since.max(gone.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(n: u64, ended: bool) -> RecentEntry {
        RecentEntry { id: format!("s{n}").parse().unwrap(), at: n, ended, headless: false }
    }

    fn put(recent: &mut RecentSessions, entry: RecentEntry) {
        let id = entry.id.clone();
        recent.set(&id, Some(entry));
    }

    #[test]
    fn what_is_over_goes_first_and_the_floor_says_from_where_on_nothing_is_missing() {
        let mut recent = RecentSessions::default();
        put(&mut recent, listed(1, false));
        for n in 2..600 {
            put(&mut recent, listed(n, true));
        }
        assert_eq!(recent.sessions.len(), MAX_RECENT);
        assert_eq!(recent.sessions[0], listed(1, false), "what is not over stays, however old");
        assert_eq!((recent.complete_since, recent.truncated), (344, false));
        assert!((345..600).all(|n| recent.sessions.contains(&listed(n, true))));
        // An old session that ends has no place in the list any more. If it is opened again, it has.
        put(&mut recent, listed(1, true));
        assert!(recent.sessions.iter().all(|present| present.at > recent.complete_since));
        put(&mut recent, RecentEntry { at: 700, ..listed(5, false) });
        assert_eq!(recent.sessions.last().map(|last| last.id.as_str()), Some("s5"));
        recent.set(&"s5".parse().unwrap(), None);
        assert_eq!(recent.sessions.last(), Some(&listed(599, true)));
    }

    #[test]
    fn what_is_not_over_and_has_no_place_is_known_to_be_missing() {
        let mut recent = RecentSessions::default();
        (0..MAX_RECENT as u64).for_each(|n| put(&mut recent, listed(n, false)));
        assert!(!recent.truncated);
        put(&mut recent, listed(1000, false));
        assert_eq!((recent.sessions.len(), recent.truncated), (MAX_RECENT, true));
    }

    #[test]
    fn an_instant_decides_not_the_order_of_writing() {
        let mut recent = RecentSessions::default();
        for n in [5, 1, 9, 3] {
            put(&mut recent, listed(n, false));
        }
        assert_eq!(recent.sessions.iter().map(|listed| listed.at).collect::<Vec<_>>(), [1, 3, 5, 9]);
    }
}
