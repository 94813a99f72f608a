//! Working copies of the records while a decision is made.

use crate::decision::{Change, Location, Record};
use crate::id::{RunId, SessionId};
use crate::request::{Named, Reading, Request};
use crate::run::Run;
use crate::session::Session;
use crate::timestamp::Timestamp;

/// A record as it was read, and its working copy.
struct Entry<T> {
    before: Option<(T, Location)>,
    after: T,
    to: Location,
}

/// Working copies of the snapshot's records.
///
/// Rules change the copies freely. In the end, the differences become the changes of the decision, so nothing is
/// written that did not change.
pub struct Draft {
    sessions: Vec<Entry<Session>>,
    runs: Vec<Entry<Run>>,
}

impl Draft {
    /// Returns a draft with the readable records of a request.
    #[must_use]
    pub fn new(request: &Request) -> Self {
        let snapshot = &request.snapshot;
        let neighbours = snapshot.neighbours.iter().map(|named| &named.reading);
        let mut draft = Self { sessions: Vec::new(), runs: Vec::new() };
        for session in std::iter::once(&snapshot.session).chain(neighbours).filter_map(entry) {
            if draft.session(&session.after.id).is_none() {
                draft.sessions.push(session);
            }
        }
        for run in snapshot.runs.iter().map(|Named { reading, .. }| reading).filter_map(entry) {
            if draft.run(&run.after.id).is_none() {
                draft.runs.push(run);
            }
        }
        draft
    }

    /// Returns a session in its current state.
    #[must_use]
    pub fn session(&self, id: &SessionId) -> Option<&Session> {
        self.sessions.iter().map(|entry| &entry.after).find(|session| session.id == *id)
    }

    /// Returns a session, for changing it.
    pub fn session_mut(&mut self, id: &SessionId) -> Option<&mut Session> {
        self.sessions.iter_mut().map(|entry| &mut entry.after).find(|session| session.id == *id)
    }

    /// Returns all sessions.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter().map(|entry| &entry.after)
    }

    /// Returns a run in its current state.
    #[must_use]
    pub fn run(&self, id: &RunId) -> Option<&Run> {
        self.runs.iter().map(|entry| &entry.after).find(|run| run.id == *id)
    }

    /// Returns all runs.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().map(|entry| &entry.after)
    }

    /// Returns a run, for changing it.
    pub fn run_mut(&mut self, id: &RunId) -> Option<&mut Run> {
        self.runs.iter_mut().map(|entry| &mut entry.after).find(|run| run.id == *id)
    }

    /// Adds a new session.
    pub fn add_session(&mut self, session: Session) {
        self.sessions.push(Entry { before: None, after: session, to: Location::Live });
    }

    /// Adds a new run.
    pub fn add_run(&mut self, run: Run) {
        self.runs.push(Entry { before: None, after: run, to: Location::Live });
    }

    /// Moves a session to a location.
    pub fn move_session(&mut self, id: &SessionId, to: Location) {
        for entry in self.sessions.iter_mut().filter(|entry| entry.after.id == *id) {
            entry.to = to;
        }
    }

    /// Moves a run to a location.
    pub fn move_run(&mut self, id: &RunId, to: Location) {
        for entry in self.runs.iter_mut().filter(|entry| entry.after.id == *id) {
            entry.to = to;
        }
    }

    /// Whether any record differs from what was read.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.sessions.iter().any(differs) || self.runs.iter().any(differs)
    }

    /// Returns the changed records, with their revisions and times of writing updated.
    #[must_use]
    pub fn into_changes(self, now: &Timestamp) -> Vec<Change> {
        let sessions = self.sessions.into_iter().filter(differs).map(|mut entry| {
            let before = entry.before.as_ref().map(|(session, _)| session.revision);
            entry.after.revision = before.unwrap_or(0).saturating_add(1);
            entry.after.updated = now.clone();
            Change { before, to: entry.to, record: Record::Session(Box::new(entry.after)) }
        });
        let runs = self.runs.into_iter().filter(differs).map(|mut entry| {
            let before = entry.before.as_ref().map(|(run, _)| run.revision);
            entry.after.revision = before.unwrap_or(0).saturating_add(1);
            entry.after.updated = now.clone();
            Change { before, to: entry.to, record: Record::Run(Box::new(entry.after)) }
        });
        runs.chain(sessions).collect()
    }
}

fn entry<T: Clone>(reading: &Reading<T>) -> Option<Entry<T>> {
    let (record, location) = match reading {
        Reading::Live(record) => (record, Location::Live),
        Reading::Archived(record) => (record, Location::Archive),
        Reading::Absent | Reading::Unreadable | Reading::Deleted => return None,
    };
    Some(Entry { before: Some((record.clone(), location)), after: record.clone(), to: location })
}

fn differs<T: PartialEq>(entry: &Entry<T>) -> bool {
    entry.before.as_ref().is_none_or(|(record, location)| *record != entry.after || *location != entry.to)
}
