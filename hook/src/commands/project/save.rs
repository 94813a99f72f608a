//! `baton project save`.

use std::path::PathBuf;

use agent_baton_core::process::Live;
use clap::Args;

use super::project_arg::ProjectArg;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_display::Progress;
use baton_protect::ProtectedProject;
use baton_protect::state::ProtectionState;
use baton_store::ArchiveKind;

/// Save a project's protected files as they are now. While sessions are open, baton restores this backup after the
/// last one. With no session open, the current files are yours.
#[derive(Args)]
pub struct Save {
    /// Path of the project [default: the current project]
    project: Option<PathBuf>,
}

impl Save {
    /// Saves the files.
    ///
    /// # Errors
    /// Returns an error if nothing in the project is protected, or if the files cannot be saved.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let named = ProjectArg::resolve(&context, self.project.as_deref())?;
        let participants = named.record().map(|record| record.participants).unwrap_or_default();
        let (_, probes) = context.participants(&named.project, &participants)?;
        let now = context.now();
        let mut locked = context.lock()?;
        let mut protected = ProtectedProject {
            locked: &mut locked,
            protected_store: &named.protected_store,
            project: &named.project,
            now: &now,
            deadline: None,
        };
        let mut record = protected.load_record()?;
        let anyone = protected.any_live(
            &record,
            |participants| context.probe_participants(participants, probes),
            context.place(),
        )?;
        let told = record.pending_notices.len();
        let progress = Progress::begin("saving the files", None);
        let saved = protected.back_up(&mut record, &named.paths)?;
        drop(progress);
        let path = named.protected_store.path(ArchiveKind::Backup, saved.number);
        // If no session is open, later changes are the user's.
        record.state = if anyone == Live::No { ProtectionState::Idle } else { ProtectionState::Saved(saved) };
        if anyone == Live::No {
            record.participants.clear();
        }
        record.failed_at = None;
        for text in record.pending_notices.drain(told.min(record.pending_notices.len())..) {
            output::notice(&text);
        }
        protected.save_record(&mut record)?;
        output::print(&format!("saved in {}\n", path.display()))
    }
}
