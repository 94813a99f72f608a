//! The roll: the newest sessions and those that are not over, by when they were last opened, whichever shelf they stand on.
//!
//! One small file, written in the commit of the record that it follows from, as the links are. It answers what is asked most often
//! (what is alive, what was last) without looking at the records of years.

use agent_baton_core::decision::{Record, Shelf};
use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::Session;
use agent_baton_core::stamp::Stamp;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::file;
use super::layout::{Layout, Target};

/// The most sessions on the roll. What is over goes first, the oldest first.
pub(super) const MAX_ROLL: usize = 256;

/// A session on the roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The session.
    pub id: SessionId,
    /// When it was last opened, in milliseconds since 1970.
    pub at: u64,
    /// Whether it is over, or put away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
    /// Whether nobody ever sat before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub headless: bool,
}

impl Listed {
    /// What the roll says of a record on a shelf; none of one that never held anything and was replaced, and of a run.
    pub(super) fn of(record: &Record, shelf: Shelf) -> Option<Self> {
        let Record::Session(session) = record else { return None };
        let superseded = session.over.as_ref().is_some_and(|end| end.reason == Reason::Superseded);
        (!superseded && shelf != Shelf::Trash).then(|| Self {
            id: session.id.clone(),
            at: opened(session).unix_ms,
            over: session.over.is_some() || shelf == Shelf::Archive,
            headless: session.headless,
        })
    }
}

/// When a session was last opened: its newest launch.
#[must_use]
pub fn opened(session: &Session) -> &Stamp {
    let launches = session.launches.iter().map(|launch| &launch.started);
    launches.max_by_key(|started| started.unix_ms).unwrap_or(&session.created)
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Roll {
    pub(super) revision: u64,
    /// The newest that was taken off, in milliseconds since 1970: every session that is newer stands on the roll.
    pub floor: u64,
    /// Whether there was no time to look through the archive: then what is not on the roll may be anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Whether one that is not over had to leave: then only the live records know all that are not. Stays until the roll is made anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub crowded: bool,
    /// The newest stands last.
    pub sessions: Vec<Listed>,
}

impl Roll {
    pub(super) fn parse(layout: &Layout, bytes: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(bytes).map_err(|_| StoreError::Unindexed { path: layout.target(&Target::Roll).1 })
    }

    /// Reads the file under the lock, where no commit is in flight.
    pub(super) fn read(layout: &Layout) -> Result<Self, StoreError> {
        let path = layout.target(&Target::Roll).1;
        match file::read(&path, file::MAX_RECORD) {
            Ok(Some(bytes)) => Self::parse(layout, &bytes),
            // A state of a version that kept none.
            Ok(None) | Err(StoreError::Unreadable { .. }) => Err(StoreError::Unindexed { path }),
            Err(error) => Err(error),
        }
    }

    /// Puts a session where it belongs, or takes it off.
    pub(super) fn set(&mut self, id: &SessionId, listed: Option<Listed>) {
        self.sessions.retain(|present| present.id != *id);
        if let Some(listed) = listed.filter(|listed| !listed.over || listed.at > self.floor) {
            let after = self.sessions.partition_point(|present| present.at <= listed.at);
            self.sessions.insert(after, listed);
        }
        while self.sessions.len() > MAX_ROLL {
            let oldest = self.sessions.iter().position(|present| present.over).unwrap_or(0);
            let gone = self.sessions.remove(oldest);
            self.crowded |= !gone.over;
            self.floor = self.floor.max(gone.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(n: u64, over: bool) -> Listed {
        Listed { id: format!("s{n}").parse().unwrap(), at: n, over, headless: false }
    }

    fn put(roll: &mut Roll, entry: Listed) {
        let id = entry.id.clone();
        roll.set(&id, Some(entry));
    }

    #[test]
    fn what_is_over_goes_first_and_the_floor_says_from_where_on_nothing_is_missing() {
        let mut roll = Roll::default();
        put(&mut roll, listed(1, false));
        for n in 2..600 {
            put(&mut roll, listed(n, true));
        }
        assert_eq!(roll.sessions.len(), MAX_ROLL);
        assert_eq!(roll.sessions[0], listed(1, false), "what is not over stays, however old");
        assert_eq!(roll.floor, 344);
        assert!((345..600).all(|n| roll.sessions.contains(&listed(n, true))));
        // An old one that ends has no place any more; one that is opened again has.
        put(&mut roll, listed(1, true));
        assert!(roll.sessions.iter().all(|present| present.at > roll.floor));
        put(&mut roll, Listed { at: 700, ..listed(5, false) });
        assert_eq!(roll.sessions.last().map(|last| last.id.as_str()), Some("s5"));
        roll.set(&"s5".parse().unwrap(), None);
        assert_eq!(roll.sessions.last(), Some(&listed(599, true)));
    }

    #[test]
    fn the_roll_says_that_one_had_to_leave_that_is_not_over() {
        let mut roll = Roll::default();
        for n in 0..MAX_ROLL as u64 {
            put(&mut roll, listed(n, false));
        }
        put(&mut roll, listed(500, true));
        assert!(!roll.crowded, "what is over left");
        put(&mut roll, listed(501, false));
        assert!(roll.crowded && roll.sessions.len() == MAX_ROLL);
        roll.set(&"s501".parse().unwrap(), None);
        assert!(roll.crowded, "the one that left is still missing");
    }

    #[test]
    fn an_instant_decides_not_the_order_of_writing() {
        let mut roll = Roll::default();
        for n in [5, 1, 9, 3] {
            put(&mut roll, listed(n, false));
        }
        assert_eq!(roll.sessions.iter().map(|listed| listed.at).collect::<Vec<_>>(), [1, 3, 5, 9]);
    }
}
