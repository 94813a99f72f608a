//! The view of a project that commands print.

use crate::context::Context;
use crate::error::CommandError;
use baton_display::format_rfc3339;
use baton_engine::config::RelativePath;
use baton_protect::ProjectRecord;
use baton_protect::state::ProtectionState;
use baton_status::{ArchiveView, NoteView, ParticipantView, ProjectView, ProtectedState};
use baton_store::{ArchiveKind, ProtectedStore};

/// Creates the view of a project.
///
/// # Errors
/// Returns an error if the state cannot be read.
pub(super) fn project_view(
    context: &Context,
    record: &ProjectRecord,
    paths: &[RelativePath],
    protected_store: &ProtectedStore,
) -> Result<ProjectView, CommandError> {
    let (participants, probes) = context.participants(&record.project, &record.participants)?;
    let present = participants.any_live(&probes, context.place());
    let participants = record.participants.iter().map(|participant| ParticipantView {
        session: participant.session.clone(),
        agent: participant.agent,
        process: participant.process.clone(),
        live: participants.is_live(&probes, context.place(), participant),
    });
    let packs = |kind| -> Result<Vec<ArchiveView>, CommandError> {
        let view = |number| ArchiveView { number, path: protected_store.path(kind, number).display().to_string() };
        Ok(protected_store.numbers(kind)?.into_iter().map(view).collect())
    };
    Ok(ProjectView {
        project: record.project.clone(),
        paths: paths.iter().map(|path| path.path().display().to_string()).collect(),
        state: match record.state {
            ProtectionState::Idle => ProtectedState::Idle,
            ProtectionState::Saved(_) => ProtectedState::Saved,
            ProtectionState::Restoring { .. } => ProtectedState::Restoring,
        },
        present,
        backup: record.backup().map(|saved| saved.number),
        participants: participants.collect(),
        backups: packs(ArchiveKind::Backup)?,
        history: packs(ArchiveKind::History)?,
        notes: record
            .notes
            .iter()
            .map(|note| NoteView { at: format_rfc3339(&note.at), text: note.text.clone() })
            .collect(),
    })
}
