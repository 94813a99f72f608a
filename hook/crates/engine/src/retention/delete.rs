//! Deletes and restores a session at a user's request.

use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::{Ended, Session};
use agent_baton_core::timestamp::Timestamp;

use baton_store::{AuditAction, CommitError, LockedStore, Transaction};

/// The result of a request to delete a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Deletion {
    /// The session is now in the trash.
    Done,
    /// It was already deleted.
    Already,
    /// There is no such session.
    Missing,
    /// It owns an unfinished run, or a run that cannot be read.
    OwnsRun(Box<Session>),
    /// A launch of it is alive, or might be.
    Lives(Box<Session>, Live),
}

/// The result of a request to restore a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restoration {
    /// It is live again, as an ended session.
    Done,
    /// It is live already.
    Already,
    /// There is no such session.
    Missing,
}

/// Moves a session to the trash, where it stays as a tombstone that no event brings back. `lives` judges the record
/// as it is under the lock. If the liveness is unknown, `force` deletes the session nevertheless. A session that is
/// alive is never deleted.
///
/// # Errors
/// Returns an error if the record cannot be read or the commit fails.
pub fn delete(
    locked: &mut LockedStore<'_>,
    id: &SessionId,
    now: &Timestamp,
    force: bool,
    lives: impl Fn(&Session) -> Live,
) -> Result<Deletion, CommitError> {
    let Some((location, session)) = locked.view().find_session(id)? else { return Ok(Deletion::Missing) };
    let deleted = session.ended.as_ref().is_some_and(|over| over.reason == Reason::Deleted);
    if location == Location::Trash && deleted {
        return Ok(Deletion::Already);
    }
    if !session.runs.is_empty() {
        return Ok(Deletion::OwnsRun(Box::new(session)));
    }
    match lives(&session) {
        Live::No => {}
        Live::Unknown if force => {}
        live => return Ok(Deletion::Lives(Box::new(session), live)),
    }
    move_session(locked, AuditAction::SessionDeleted, now, session, Location::Trash, Reason::Deleted)?;
    Ok(Deletion::Done)
}

/// Moves a session from the trash or the archive back to the live sessions. It counts as ended until it is resumed.
/// Retention leaves it alone for as long as it keeps sessions in the trash.
///
/// # Errors
/// Returns an error if the record cannot be read or the commit fails.
pub fn restore(locked: &mut LockedStore<'_>, id: &SessionId, now: &Timestamp) -> Result<Restoration, CommitError> {
    match locked.view().find_session(id)? {
        None => Ok(Restoration::Missing),
        Some((Location::Live, _)) => Ok(Restoration::Already),
        Some((Location::Archive | Location::Trash, session)) => {
            move_session(locked, AuditAction::SessionRestored, now, session, Location::Live, Reason::Restored)?;
            Ok(Restoration::Done)
        }
    }
}

fn move_session(
    locked: &mut LockedStore<'_>,
    action: AuditAction,
    now: &Timestamp,
    before: Session,
    to: Location,
    reason: Reason,
) -> Result<(), CommitError> {
    let session = Session { ended: Some(Ended { at: now.clone(), reason }), ..before.clone() };
    let mut transaction = Transaction::begin(locked, action, now);
    transaction.update_session(before, session, to);
    transaction.commit().map(drop)
}
