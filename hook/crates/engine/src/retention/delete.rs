//! A user deletes a session, or restores it.

use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::{Ended, Session};
use agent_baton_core::timestamp::Timestamp;

use baton_store::{AuditAction, CommitError, LockedStore, Transaction};

/// What became of an order to delete.
#[derive(Debug, Clone, PartialEq)]
pub enum Deletion {
    /// It is in the trash.
    Done,
    /// It was deleted before.
    Already,
    /// There is no such session.
    Missing,
    /// It owns an unfinished run, or one that cannot be read.
    OwnsRun(Box<Session>),
    /// A launch of it lives, or may live.
    Lives(Box<Session>, Live),
}

/// What became of an order to bring back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restoration {
    /// It stands among the live ones again, as over.
    Done,
    /// It stands there already.
    Already,
    /// There is no such session.
    Missing,
}

/// Puts a session into the trash, where it is a tombstone that no event gets past. `lives` judges the record as it is under the
/// lock; one that may live goes only if `force` says so, and one that lives never.
///
/// # Errors
/// Where the record cannot be read or the commit fails.
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

/// Puts a session back among the live ones, from the trash or the archive. It is over until it is resumed, and retention lets it be
/// for as long as the trash is kept.
///
/// # Errors
/// Where the record cannot be read or the commit fails.
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
