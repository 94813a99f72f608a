//! What the hook does once the agent has its reply: a little each time, so that nobody has to call `baton gc` or
//! `baton session discover`.

use std::time::{Duration, Instant};

use agent_baton_core::event::EventName;

use crate::census::Census;
use crate::decider::Decider;
use crate::discovery::{Bounds, Discovery, register};
use crate::machine::Machine;
use crate::machine::environment::Environment;
use crate::retention::{Pass, SHARE_EVERY, ShareError, share};
use crate::store::LockError;

/// How many files of each agent are looked at for sessions that no hook announced.
const MOST_ENTRIES: usize = 64;

/// How long they are looked at.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long a process must run before its session is taken up: until then its own hook may announce it.
const SETTLED_MS: u64 = 10_000;

/// How long the lock is waited for: whoever holds it has better to do.
const LOCK_WAIT: Duration = Duration::from_millis(20);

/// Does what there is to do after an event whose decision has this number in the audit.
///
/// # Errors
/// Where the state cannot be used. Nothing is lost by it: the next call goes on.
pub(super) fn after<M: Machine, E: Environment>(
    decider: &Decider<'_, M, E>,
    event: EventName,
    audit: Option<u64>,
) -> Result<(), ShareError> {
    // What is kept decides what is taken up, and nothing is put away by another rule than what a person set.
    if !matches!(event, EventName::SessionStart | EventName::SessionEnd) || decider.settings.problem().is_some() {
        return Ok(());
    }
    if event == EventName::SessionStart {
        discover(decider)?;
    }
    if audit.is_some_and(|n| n.is_multiple_of(SHARE_EVERY)) {
        let census = Census::take(decider.machine, decider.witness.environment(), decider.here);
        let kept = &decider.settings.config().retention;
        share(&Pass { store: decider.store, census: &census, kept, now: decider.now() })?;
    }
    Ok(())
}

/// Registers sessions that processes show and that have no record.
fn discover<M: Machine, E: Environment>(decider: &Decider<'_, M, E>) -> Result<(), ShareError> {
    let discovery = Discovery {
        store: decider.store,
        machine: decider.machine,
        here: decider.here,
        witness: decider.witness,
        kept: &decider.settings.config().retention,
        now: decider.now(),
        bounds: Bounds { entries: MOST_ENTRIES, until: Instant::now() + PATIENCE, settled_ms: SETTLED_MS },
    };
    let found = discovery.shown().sessions;
    if found.is_empty() {
        return Ok(());
    }
    match decider.store.lock(Instant::now() + LOCK_WAIT, &discovery.now) {
        Err(LockError::Busy { .. }) => Ok(()),
        locked => register(&mut locked?, found, &discovery.now).map(drop).map_err(ShareError::from),
    }
}
