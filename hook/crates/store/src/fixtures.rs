//! Stores for tests, each in its own directory.
#![allow(missing_docs, clippy::unwrap_used, reason = "for tests alone")]

pub use agent_baton_core::fixtures::*;
use std::time::{Duration, Instant};

use agent_baton_core::decision::{Change, Location, Record};
use agent_baton_core::id::SessionId;
use agent_baton_core::request::Reading;
use agent_baton_core::run::{Run, Status};
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;

use crate::wal::plan::Edit;
use crate::{AuditLine, AuditSubject, CommitError, Committed, LockedStore, StateDir, Store, View};

/// A store in its own directory.
pub struct World {
    pub dir: tempfile::TempDir,
    pub store: Store,
}

/// Creates a store, in memory if possible. The tests interrupt commits between steps and do not cut the power, so they
/// need no slow syncs.
pub fn world() -> World {
    let memory = tempfile::tempdir_in("/dev/shm");
    let dir = memory.or_else(|_| tempfile::tempdir()).unwrap();
    let store = store_at(&dir.path().join("state"));
    World { dir, store }
}

pub fn store_at(root: &std::path::Path) -> Store {
    Store::open(&StateDir::unchecked(root), &place())
}

pub fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

pub fn lock(store: &Store) -> LockedStore<'_> {
    store.lock(soon(), &stamp(1)).unwrap()
}

/// Returns the change that overwrites a record.
pub fn change(view: &View<'_>, mut record: Record, to: Location) -> Change {
    let before = match &record {
        Record::Session(it) => view.session(&it.id).record().map(|it| it.revision),
        Record::Run(it) => view.run(&it.id).record().map(|it| it.revision),
    };
    let revision = before.unwrap_or(0) + 1;
    match &mut record {
        Record::Session(it) => it.revision = revision,
        Record::Run(it) => it.revision = revision,
    }
    Change { before, to, record }
}

/// Overwrites records in one commit.
pub fn put(locked: &mut LockedStore<'_>, records: Vec<(Record, Location)>) -> Result<Committed, CommitError> {
    let changes: Vec<Change> = records.into_iter().map(|(record, to)| change(&locked.view(), record, to)).collect();
    commit(locked, &changes)
}

/// Commits changes as they are, unchecked.
pub fn commit(locked: &mut LockedStore<'_>, changes: &[Change]) -> Result<Committed, CommitError> {
    let at = stamp(5);
    let line = audit_line(locked.next_number(&at)?, &at);
    locked.commit_edits(&edits(changes), &at, line)
}

pub(crate) fn edits(changes: &[Change]) -> Vec<Edit<'_>> {
    changes.iter().map(Edit::Write).collect()
}

pub(crate) fn audit_line(n: u64, at: &Timestamp) -> AuditLine {
    let asked = AuditSubject { what: "test".into(), agent: None, session: None, run: None };
    AuditLine::new(n, at, "test", asked)
}

pub fn live_session(it: Session) -> (Record, Location) {
    (Record::Session(Box::new(it)), Location::Live)
}

pub fn live_run(it: Run) -> (Record, Location) {
    (Record::Run(Box::new(it)), Location::Live)
}

pub fn archived_run(mut it: Run, status: Status) -> (Record, Location) {
    it.status = status;
    (Record::Run(Box::new(it)), Location::Archive)
}

pub fn read_session(store: &Store, name: &str) -> Reading<Session> {
    let name: SessionId = id(name);
    store.read(|view| view.session(&name)).unwrap()
}

pub fn read_run(store: &Store, name: &str) -> Reading<Run> {
    let name = id(name);
    store.read(|view| view.run(&name)).unwrap()
}
