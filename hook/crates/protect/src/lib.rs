//! A project's protected files: the first session in a project saves them, and the last one to leave restores them.
//!
//! This crate may touch the protected paths of one project, and the project's own record and archives in the store.
//! It takes sessions, processes and the lock from the engine and the store, and decides nothing about runs.
//!
//! ```text
//!                first session enters: save
//!      +------+ ---------------------------------> +-------+ <--+  more sessions enter
//!      | Idle |                                    | Saved | ---+  or leave: nothing
//!      +------+ <----+                             +-------+
//!                    | all restored                    | last session leaves: keep a history entry,
//!                    |                                 v   note the files as they are now
//!                    |                           +-----------+
//!                    +-------------------------- | Restoring | <--+ some files failed, or the call was
//!                                                +-----------+ ---+ cut off: the next event tries again
//! ```
//!
//! If a session enters, no other session is present and the files are `Saved` or `Restoring`, then earlier sessions
//! were lost. baton first undoes their changes and then saves the files anew.
//!
//! If no session starts there any more, any other start restores the files ([`unrestored`]).
//!
//! The path of one event: [`session_events`] finds the other sessions ([`participants`]), asks [`policy`] what to do,
//! and lets [`protected_project`] do it. That module reads the protected paths ([`scan`]), stores them in an archive
//! ([`tar_archive`]), compares them ([`restore_plan`]) and restores them ([`restore`]). Only [`project_dir`] touches
//! the project's files.
//!
//! **Architecture invariant.** Nothing in a project is overwritten or removed before it is in the project's history.
//!
//! **Architecture invariant.** baton follows no symbolic link in a path, and no path leaves the project.

mod backup;
mod change_evidence;
pub mod entry;
pub mod limits;
pub mod participants;
pub mod policy;
pub mod project_dir;
pub mod protected_project;
pub mod restore;
pub mod restore_plan;
pub mod scan;
pub mod session_events;
pub mod state;
pub mod tar_archive;
pub mod unrestored;

pub use backup::{DamagedBackup, damaged_backup};
pub use protected_project::{ProtectError, ProtectedProject, RestoreResult};
pub use session_events::ProtectedProjectEvent;
pub use state::ProjectRecord;
pub use tar_archive::FileArchive;
pub use unrestored::{UnrestoredProject, unrestored_projects};

#[cfg(test)]
mod tests;
