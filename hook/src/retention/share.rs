//! The hook's share: a few sessions now and then, so that what is kept stays bounded though nobody ever calls `baton gc`.

use std::time::{Duration, Instant};

use agent_baton_core::decision::Shelf;
use agent_baton_core::id::SessionId;

use super::pass::{Found, Pass, Step};
use crate::machine::Machine;
use crate::machine::environment::Environment;
use crate::store::{CommitError, DueDay, LockError, MAX_CHANGES, StoreError};

/// After how many decisions the hook does a share. Every session takes two at least, so a share of [`MAX_CHANGES`] keeps up.
pub const SHARE_EVERY: u64 = 16;

/// How many of the live sessions are looked at, at most.
const MOST_LIVE: usize = 512;

/// How long a share waits for the lock: whoever holds it has better to do.
const LOCK_WAIT: Duration = Duration::from_millis(20);

/// Why a share was not done. The next one goes on.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// A file of the state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock was not to be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A step could not be committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Does one share; gives how many steps that were. It costs the same however much was put away: neither the archive nor the trash
/// is listed.
///
/// # Errors
/// See [`ShareError`].
pub fn share<M: Machine, E: Environment>(pass: &Pass<'_, M, E>) -> Result<usize, ShareError> {
    let store = pass.store;
    let mut live = Found::default();
    pass.live(&store.some_sessions(MOST_LIVE)?, &mut live)?;
    live.steps.truncate(MAX_CHANGES);
    let mut days = Vec::new();
    for (shelf, age) in [(Shelf::Archive, pass.kept.age), (Shelf::Trash, pass.kept.trash)] {
        if let Some(due) = store.due(shelf, age.ms(), &pass.now)? {
            days.push((looked(pass, shelf, &due)?, due));
        }
    }
    if live.steps.is_empty() && days.is_empty() {
        return Ok(0);
    }
    let mut locked = match store.lock(Instant::now() + LOCK_WAIT, &pass.now) {
        Err(LockError::Busy { .. }) => return Ok(0),
        locked => locked?,
    };
    let mut done = pass.take(&mut locked, &live.steps)?;
    for (steps, due) in days {
        done += pass.take(&mut locked, &steps)?;
        locked.looked_at(&due, MAX_CHANGES)?;
    }
    Ok(done)
}

/// What is to be done with the first of a day.
fn looked<M: Machine, E: Environment>(
    pass: &Pass<'_, M, E>,
    shelf: Shelf,
    due: &DueDay,
) -> Result<Vec<Step>, StoreError> {
    let mut found = Found::default();
    let first: Vec<SessionId> = due.sessions.iter().take(MAX_CHANGES).cloned().collect();
    match shelf {
        Shelf::Trash => pass.trashed(&first, &mut found)?,
        Shelf::Archive | Shelf::Live => pass.archived(&first, &mut found)?,
    }
    Ok(found.steps)
}
