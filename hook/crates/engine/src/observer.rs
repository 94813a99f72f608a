//! What hangs on a decision without being part of it: protected files, messages, loops, progress logs.
//!
//! An observer is called under the lock, once before the decision is committed and once after it. There is one error
//! policy: an observer's failure becomes a line in [`Outcome::failures`], which is written to stderr. It never fails the
//! event or the command. What the user must read in the agent's window, an observer returns as a notice.

use std::error::Error;

use baton_store::LockedStore;

use crate::outcome::Outcome;

/// What an observer has to tell the user, or why it failed.
pub type Observed = Result<Vec<String>, Box<dyn Error>>;

/// Follows decisions.
pub trait Observer {
    /// Called before the commit. A process that is killed in between leaves records that do not know the decision, so the
    /// next event calls the observer again.
    ///
    /// # Errors
    /// Whatever fails. The decision is committed all the same.
    fn before_commit(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Observed {
        let _ = (locked, outcome);
        Ok(Vec::new())
    }

    /// Called after the commit, or at once for a heartbeat, which commits nothing.
    ///
    /// # Errors
    /// Whatever fails. The decision stands all the same.
    fn after_commit(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Observed {
        let _ = (locked, outcome);
        Ok(Vec::new())
    }
}
