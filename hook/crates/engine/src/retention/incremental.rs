//! Retention in the hook. Each sweep handles a few sessions, so that the state stays bounded even if nobody ever runs
//! `baton gc`.

use std::time::{Duration, Instant};

use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;

use super::sweep::{Sweep, SweepPlan, SweepStep};
use baton_store::{CommitError, ExpiryBucket, LockError, MAX_CHANGES, StoreError};

/// After how many decisions the hook sweeps. Every session causes at least two decisions, so a sweep of
/// [`MAX_CHANGES`] steps keeps up.
pub const DECISIONS_PER_SWEEP: u64 = 16;

/// The maximum number of live sessions that one sweep examines.
const MAX_LIVE_SESSIONS: usize = 512;

/// How long a sweep waits for the lock. It is short because the holder's work is more urgent.
const LOCK_WAIT: Duration = Duration::from_millis(20);

/// Why a sweep did not happen. The next one continues.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A file of the state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock was not available in time.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A step could not be committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Runs one incremental sweep and returns the number of its steps. Its cost does not depend on the size of the
/// archive and the trash, because neither is listed.
///
/// # Errors
/// See [`SweepError`].
pub fn run_incremental(sweep: &Sweep<'_>) -> Result<usize, SweepError> {
    let store = sweep.store;
    let mut live = SweepPlan::default();
    sweep.plan_live(&store.some_sessions(MAX_LIVE_SESSIONS)?, &mut live)?;
    live.steps.truncate(MAX_CHANGES);
    let mut days = Vec::new();
    for (location, age) in [(Location::Archive, sweep.policy.age), (Location::Trash, sweep.policy.trash)] {
        if let Some(due) = store.oldest_expiry_bucket(location, age.ms(), &sweep.now)? {
            days.push((plan_bucket(sweep, location, &due)?, due));
        }
    }
    if live.steps.is_empty() && days.is_empty() {
        return Ok(0);
    }
    let mut locked = match store.lock(Instant::now() + LOCK_WAIT, &sweep.now) {
        Err(LockError::Busy { .. }) => return Ok(0),
        locked => locked?,
    };
    let mut done = sweep.apply(&mut locked, &live.steps)?;
    for (steps, due) in days {
        done += sweep.apply(&mut locked, &steps)?;
        locked.mark_processed(&due, MAX_CHANGES)?;
    }
    Ok(done)
}

/// Plans the steps for the sessions of the oldest due day.
fn plan_bucket(sweep: &Sweep<'_>, location: Location, due: &ExpiryBucket) -> Result<Vec<SweepStep>, StoreError> {
    let mut found = SweepPlan::default();
    let first: Vec<SessionId> = due.sessions.iter().take(MAX_CHANGES).cloned().collect();
    match location {
        Location::Trash => sweep.plan_trashed(&first, &mut found)?,
        Location::Archive | Location::Live => sweep.plan_archived(&first, &mut found)?,
    }
    Ok(found.steps)
}
