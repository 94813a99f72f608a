//! Features that follow decisions without being part of them: protected files, messages, loops, progress logs.
//!
//! An observer is called under the lock, once before the decision is committed and once after it. There is one error
//! policy: an observer's failure becomes a line in [`Outcome::failures`], which is written to stderr. It never fails
//! the event or the command. An observer returns what the user must read in the agent's window as a notice.

use std::error::Error;

use baton_store::LockedStore;

use crate::outcome::Outcome;

/// The notices of an observer for the user, or why it failed.
pub type Observed = Result<Vec<String>, Box<dyn Error>>;

/// A feature that follows decisions.
pub trait Observer {
    /// Called before the commit. If the process is killed in between, the records do not contain the decision, so the
    /// next event calls the observer again.
    ///
    /// # Errors
    /// Any failure of the observer. The decision is committed nevertheless.
    fn before_commit(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Observed {
        let _ = (locked, outcome);
        Ok(Vec::new())
    }

    /// Called after the commit, or at once for a heartbeat, which commits nothing.
    ///
    /// # Errors
    /// Any failure of the observer. The decision stands nevertheless.
    fn after_commit(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Observed {
        let _ = (locked, outcome);
        Ok(Vec::new())
    }
}
