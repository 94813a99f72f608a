//! What is kept of sessions that are over, and for how long.
//!
//! The live ones beyond the newest so many, and those that are over for too long, go to the archive; what has been over for too
//! long goes from there to the trash; what has been in the trash for long enough is removed. Each step is a commit of its own with
//! its reason in the audit, so a record is at every moment in one place.
//!
//! **Architecture invariant.** A session that lives, may live, is pinned, was just restored or owns an unfinished run is never
//! touched, and none whose record changed since it was judged.

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
