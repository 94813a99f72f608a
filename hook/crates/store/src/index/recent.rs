//! The roll: the newest sessions and those that are not over, by when they were last last_opened, whichever location they stand on.
//!
//! One small file, written in the commit of the record that it follows from, as the links are. It answers what is asked most often
//! (what is alive, what was last) without looking at the records of years.

use agent_baton_core::decision::{Location, Record};
use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::file;
use crate::state_dir::layout::{Layout, Target};

/// The most sessions on the roll. What is over goes first, the oldest first.
pub(crate) const MAX_RECENT: usize = 256;

/// A session on the roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentEntry {
    /// The session.
    pub id: SessionId,
    /// When it was last last_opened, in milliseconds since 1970.
    pub at: u64,
    /// Whether it is over, or put away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// Whether nobody ever sat before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub headless: bool,
}

impl RecentEntry {
    /// What the roll says of a record on a location; none of one that never held anything and was replaced, and of a run.
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

/// When a session was last opened: its newest launch.
#[must_use]
pub fn last_opened(session: &Session) -> &Timestamp {
    let launches = session.launches.iter().map(|launch| &launch.started);
    launches.max_by_key(|started| started.unix_ms).unwrap_or(&session.created)
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecentSessions {
    pub(crate) revision: u64,
    /// The newest that was taken off, in milliseconds since 1970: every session that is newer stands on the roll.
    pub complete_since: u64,
    /// Whether there was no time to look through the archive: then what is not on the roll may be anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// Whether one that was not over had to be taken off: then the live records say which are not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// The newest stands last.
    pub sessions: Vec<RecentEntry>,
}

impl RecentSessions {
    pub(crate) fn parse(layout: &Layout, bytes: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(bytes).map_err(|_| StoreError::IndexMissing { path: layout.target(&Target::Recent).1 })
    }

    /// Reads the file under the lock, where no commit is in flight.
    pub(crate) fn read(layout: &Layout) -> Result<Self, StoreError> {
        let path = layout.target(&Target::Recent).1;
        match file::read(&path, file::MAX_RECORD) {
            Ok(Some(bytes)) => Self::parse(layout, &bytes),
            // A state of a version that kept none.
            Ok(None) | Err(StoreError::Unreadable { .. }) => Err(StoreError::IndexMissing { path }),
            Err(error) => Err(error),
        }
    }

    /// Puts a session where it belongs, or takes it off.
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
        // An old one that ends has no place any more; one that is opened again has.
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
