//! A project's protected files: the first session in a project saves them, and the last one to leave has them restored.
//!
//! This crate may touch the protected paths of one project, and the project's own record and archives in the store. It takes
//! sessions, processes and the lock from the engine and the store, and decides nothing about runs.
//!
//! ```text
//!                first session enters: save
//!      +------+ ---------------------------------> +-------+ <--+  more sessions enter
//!      | Idle |                                    | Saved | ---+  or leave: nothing
//!      +------+ <----+                             +-------+
//!                    | all restored                    | last session leaves: keep a history entry,
//!                    |                                 v   note what stands there
//!                    |                           +-----------+
//!                    +-------------------------- | Restoring | <--+ some files failed, or the call was
//!                                                +-----------+ ---+ cut off: the next event tries again
//! ```
//!
//! A session that enters while nobody else is there and the files are `Saved` or `Restoring` comes after lost sessions: their
//! changes are undone first, then the files are saved anew.
//!
//! The path of one event: [`session_events`] finds out who else is there ([`participants`]), asks [`policy`] what to do, and has
//! [`protected_project`] do it. That reads the protected paths ([`scan`]), keeps them in an archive ([`tar_archive`]), compares
//! ([`restore_plan`]) and restores ([`restore`]). [`project_dir`] alone touches the project's files.
//!
//! **Architecture invariant.** Nothing in a project is overwritten or removed that is not in its history first.
//!
//! **Architecture invariant.** No path is followed through a symbolic link, and none leaves the project.

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

pub use protected_project::{ProtectError, ProtectedProject, RestoreResult};
pub use session_events::ProtectedProjectEvent;
pub use state::ProjectRecord;
pub use tar_archive::FileArchive;

#[cfg(test)]
mod tests;
