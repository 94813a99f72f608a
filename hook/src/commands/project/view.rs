//! The view of a project that commands print.

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::{Live, Process};
use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::CommandError;
use baton_display::format_rfc3339;
use baton_engine::config::RelativePath;
use baton_protect::ProjectRecord;
use baton_protect::state::ProtectionState;
use baton_store::{ArchiveKind, ProtectedStore};

/// A project as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProjectView {
    /// Its path.
    pub project: String,
    /// The protected paths, relative to the project.
    pub paths: Vec<String>,
    /// The state of its files.
    pub state: ProtectedState,
    /// Whether a session is open in the project. If none is, the next start of any session restores the saved files.
    pub present: Live,
    /// The backup that must be restored.
    pub backup: Option<u64>,
    /// The launches that entered. Each is removed when it leaves, the last ones once the files are restored.
    pub participants: Vec<ParticipantView>,
    /// The stored backups, oldest first.
    pub backups: Vec<ArchiveView>,
    /// The files that restores replaced, oldest first.
    pub history: Vec<ArchiveView>,
    /// What happened, oldest first.
    pub notes: Vec<NoteView>,
}

/// The state of a project's protected files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProtectedState {
    /// Nothing is saved. The files belong to the user.
    Idle,
    /// The files are saved and must be restored.
    Saved,
    /// A restore has begun and not ended.
    Restoring,
}

/// A launch in a project.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ParticipantView {
    /// The session.
    pub session: SessionId,
    /// Its agent.
    pub agent: Agent,
    /// The process that displays it.
    pub process: Process,
    /// Whether the launch is alive. An unknown one counts as present.
    pub live: Live,
}

/// A tar file with protected files.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ArchiveView {
    /// Its number.
    pub number: u64,
    /// Its path.
    pub path: String,
}

/// One entry of the notes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoteView {
    /// When it happened (RFC 3339).
    pub at: String,
    /// What happened.
    pub text: String,
}

impl ProjectView {
    /// Creates the view of a project.
    ///
    /// # Errors
    /// Returns an error if the state cannot be read.
    pub fn new(
        context: &Context,
        record: &ProjectRecord,
        paths: &[RelativePath],
        protected_store: &ProtectedStore,
    ) -> Result<Self, CommandError> {
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
        Ok(Self {
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

    /// Describes the state of the files for a user.
    #[must_use]
    pub fn state_words(&self) -> String {
        match (self.state, self.backup) {
            (ProtectedState::Idle, _) | (_, None) => "yours".to_owned(),
            (_, Some(backup)) if self.present == Live::No => format!("to be restored from backup {backup}"),
            (ProtectedState::Saved, Some(backup)) => format!("saved in backup {backup}"),
            (ProtectedState::Restoring, Some(backup)) => format!("being restored from backup {backup}"),
        }
    }

    /// Returns how many launches are present, or might be.
    #[must_use]
    pub fn open_launches(&self) -> usize {
        self.participants.iter().filter(|participant| participant.live != Live::No).count()
    }
}
