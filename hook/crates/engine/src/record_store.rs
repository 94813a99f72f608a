//! Where the records of a decision are, and where its changes go first.
//!
//! Without a fleet that is the state directory alone: [`LocalStore`]. In a fleet, the rows of its database decide about the
//! runs of the fleet, and the state directory has copies. Both go through [`RecordStore`], so the decision service and the
//! core know nothing of a database.

use agent_baton_core::request::{Command, Input, Snapshot};

use baton_store::{LockedStore, StoreError};

use crate::outcome::Outcome;

/// Whether the changes of a decision may be committed to the state directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// They are committed where that counts first, so the state directory may follow.
    Granted,
    /// A record is not as it was read, or cannot be reached any more. The records must be read and the core asked again.
    AskAgain,
}

/// The records beyond the state directory.
pub trait RecordStore {
    /// Reads what a decision on the input needs and the state directory does not have. Called before the lock is taken, with
    /// the records of the state directory.
    fn prefetch(&self, input: &Input, known: &Snapshot);

    /// Returns the commands that bring outdated copies in line. Called under the lock, with the records of the state directory.
    fn outdated(&self, known: &Snapshot) -> Vec<Command>;

    /// Adds to the snapshot what is known beyond the state directory. Called under the lock.
    fn complete(&self, input: &Input, snapshot: &mut Snapshot);

    /// Commits the changes of a decision beyond the state directory, and completes them with what that commit gave them. The
    /// lock may be released for a while. If so, the records are still as they were when this returns `Granted`.
    ///
    /// # Errors
    /// Returns an error if a file of the state directory cannot be written. Nothing was committed then.
    fn reserve(&self, locked: &mut LockedStore<'_>, outcome: &mut Outcome) -> Result<Reservation, StoreError>;

    /// Called after the state directory has committed the decision.
    ///
    /// # Errors
    /// Returns an error if a file of the state directory cannot be written. The decision stands.
    fn committed(&self, locked: &mut LockedStore<'_>, outcome: &Outcome) -> Result<(), StoreError>;
}

/// The state directory alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalStore;

impl RecordStore for LocalStore {
    fn prefetch(&self, _: &Input, _: &Snapshot) {}

    fn outdated(&self, _: &Snapshot) -> Vec<Command> {
        Vec::new()
    }

    fn complete(&self, _: &Input, _: &mut Snapshot) {}

    fn reserve(&self, _: &mut LockedStore<'_>, _: &mut Outcome) -> Result<Reservation, StoreError> {
        Ok(Reservation::Granted)
    }

    fn committed(&self, _: &mut LockedStore<'_>, _: &Outcome) -> Result<(), StoreError> {
        Ok(())
    }
}
