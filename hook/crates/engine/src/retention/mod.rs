//! Decides which ended sessions are kept, and for how long.
//!
//! A live session that ended goes to the archive when it is too old or when there are too many newer ones. After some
//! more time it goes to the trash, and later it is removed. Each step is a commit of its own with its reason in the
//! audit, so a record is in exactly one location at any moment.
//!
//! **Architecture invariant.** Retention never touches a session that is alive or might be, that is pinned, that was
//! restored recently, that owns an unfinished run, or whose record changed since it was judged.

mod delete;
mod incremental;
mod policy;
mod sweep;
#[cfg(test)]
mod tests;

pub use delete::{Deletion, Restoration, delete, restore};
pub use incremental::{DECISIONS_PER_SWEEP, SweepError, run_incremental};
pub use policy::{ExpiryReason, RetainedBecause};
pub use sweep::{Sweep, SweepAction, SweepPlan, SweepStep};
