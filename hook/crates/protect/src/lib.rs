//! A project's protected files: the first session in it saves them, the last one out gives them back.
//!
//! A [`ProtectedProjectEvent`] is one event at such a project. [`policy`] says what it has to do, by who else is there ([`participants`]). [`ProtectedProject`] does
//! it: [`Scan`](scan::Scan) reads what stands, [`FileArchive`] holds it, [`RestorePlan`](restore_plan::RestorePlan) compares and [`restore`] carries out.
//! [`ProjectDir`](project_dir::ProjectDir) alone touches the project.
//!
//! **Architecture invariant.** Nothing is overwritten or removed in a project that is not in its history first.
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
