//! What was found becomes records.

use std::path::Path;

use agent_baton_core::decision::{Change, Location, Record};
use agent_baton_core::request::{Named, Reading, Snapshot};
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;

use baton_store::{CommitError, LockedStore, MAX_CHANGES, ValidatedDecision};
use baton_system::worktree;

/// Writes the records that are still to be written, [`MAX_CHANGES`] of them at most in a commit; gives those that were. What came
/// to be since it was looked for is left as it is.
///
/// # Errors
/// Where a commit fails; what was written before it stays.
pub fn register(
    locked: &mut LockedStore<'_>,
    sessions: Vec<Session>,
    now: &Timestamp,
) -> Result<Vec<Session>, CommitError> {
    let mut written = Vec::new();
    for batch in sessions.chunks(MAX_CHANGES) {
        let mut neighbours = Vec::new();
        let mut changes = Vec::new();
        for session in batch {
            let reading = locked.view().session(&session.id);
            let before = reading.record().map(|record| record.revision);
            // A record that was found before is at the revision that was read; a new one is at none.
            let unchanged = match &reading {
                Reading::Absent => session.revision == 0,
                Reading::Live(_) | Reading::Archived(_) => before == Some(session.revision),
                Reading::Unreadable | Reading::Deleted => false,
            };
            if !unchanged {
                continue;
            }
            let mut record = session.clone();
            record.revision = before.unwrap_or(0).saturating_add(1);
            record.updated = now.clone();
            written.push(record.clone());
            changes.push(Change { before, to: Location::Live, record: Record::Session(Box::new(record)) });
            neighbours.push(Named { id: session.id.to_string(), reading });
        }
        if !changes.is_empty() {
            let snapshot = Snapshot { neighbours, ..Snapshot::default() };
            locked.commit(&ValidatedDecision::for_user_edit("session_discovered", now, &snapshot, &changes)?)?;
        }
    }
    Ok(written)
}

/// Says where a session takes place. Its project is fixed once it is known.
pub(super) fn set_directory(session: &mut Session, cwd: Option<String>) {
    if session.project.is_none() {
        session.project = cwd.as_deref().and_then(|cwd| worktree::find_root(Path::new(cwd)));
    }
    session.cwd = cwd.or_else(|| session.cwd.take());
}
