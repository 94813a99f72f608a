//! What waits for the user, what is at work and what was lost.
//!
//! A [`SessionReader`] reads the records, judges the processes and determines the status of each session. A
//! [`StatusReport`] is everything that `baton`, `baton status --json`, `baton status --line` and the live view show. All
//! of them get it from [`StatusReport::read`], so they cannot disagree.
//!
//! May touch: nothing but through the crates that it uses. It writes only their caches.

mod answered;
mod cause;
mod cursor;
mod details;
mod foreign_loops;
mod item;
mod json;
mod lists;
mod machine;
mod other_machines;
mod overview;
mod page;
mod project;
mod reader;
mod remote_run;
mod report;
mod report_items;
mod text_limits;
mod watched_loops;

pub use cause::Cause;
pub use cursor::{Cursor, CursorError};
pub use details::Details;
pub use item::{Item, ItemKind, Section};
pub use json::{
    ChunkView, ConversationView, LaunchView, OwnerMachineView, RunView, SessionView, TransferView, is_handed_over,
    run_status_word,
};
pub use lists::{RunsView, SessionsView};
pub use machine::{MachineView, OLD_WORD_MS, describe_machine};
pub use other_machines::{OtherMachines, WaitingHandoff};
pub use overview::Overview;
pub use page::{ListQuery, Page, Search};
pub use project::{ArchiveView, NoteView, ParticipantView, ProjectView, ProtectedState};
pub use reader::{ListedSession, NEWEST, SessionReader, SystemLiveness, owner_liveness};
pub use remote_run::{OwnerStanding, RemoteRun};
pub use report::{StatusReport, StatusView, WaitView};
pub use watched_loops::WatchedLoops;
