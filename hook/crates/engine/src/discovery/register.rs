//! What was found becomes records.

use std::path::Path;

use agent_baton_core::decision::Location;
use agent_baton_core::request::Reading;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;

use baton_store::{AuditAction, CommitError, LockedStore, MAX_CHANGES, Transaction};
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
        let mut transaction = Transaction::begin(locked, AuditAction::SessionDiscovered, now);
        for session in batch {
            // A record that was found before is at the revision that was read; a new one is at none.
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

/// Says where a session takes place. Its project is fixed once it is known.
pub(super) fn set_directory(session: &mut Session, cwd: Option<String>) {
    if session.project.is_none() {
        session.project = cwd.as_deref().and_then(|cwd| worktree::find_root(Path::new(cwd)));
    }
    session.cwd = cwd.or_else(|| session.cwd.take());
}
