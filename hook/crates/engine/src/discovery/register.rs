//! Writes records for the sessions that discovery found.

use std::path::Path;

use agent_baton_core::decision::Location;
use agent_baton_core::request::Reading;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;

use baton_store::{AuditAction, CommitError, LockedStore, MAX_CHANGES, Transaction};
use baton_system::worktree;

/// Writes the records that are still missing, at most [`MAX_CHANGES`] in one commit. Returns those that it wrote. A
/// record that appeared or changed since the search is left alone.
///
/// # Errors
/// Returns an error if a commit fails. Earlier commits stay.
pub fn register(
    locked: &mut LockedStore<'_>,
    sessions: Vec<Session>,
    now: &Timestamp,
) -> Result<Vec<Session>, CommitError> {
    let mut written = Vec::new();
    for batch in sessions.chunks(MAX_CHANGES) {
        let mut transaction = Transaction::begin(locked, AuditAction::SessionDiscovered, now);
        for session in batch {
            // A record that discovery wrote earlier must still have the revision that was read. A new one must not
            // exist yet.
            match transaction.view().session(&session.id) {
                Reading::Absent if session.revision == 0 => transaction.insert_session(session.clone(), Location::Live),
                Reading::Live(before) | Reading::Archived(before) if before.revision == session.revision => {
                    transaction.update_session(before, session.clone(), Location::Live);
                }
                _ => continue,
            }
            written.push(session.clone());
        }
        transaction.commit()?;
    }
    Ok(written)
}

/// Sets the directory of a session. Once the project is known, it stays the same.
pub(super) fn set_directory(session: &mut Session, cwd: Option<String>) {
    if session.project.is_none() {
        session.project = cwd.as_deref().and_then(|cwd| worktree::find_root(Path::new(cwd)));
    }
    session.cwd = cwd.or_else(|| session.cwd.take());
}
