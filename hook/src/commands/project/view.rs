//! A project as commands print it.

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
    /// The protected paths, relative to it.
    pub paths: Vec<String>,
    /// What became of its files.
    pub state: ProtectedState,
    /// The backup that is to be restored.
    pub backup: Option<u64>,
    /// The launches that came in; each goes when it leaves, the last ones once the files are restored.
    pub participants: Vec<ParticipantView>,
    /// The backups that are kept, the oldest first.
    pub backups: Vec<ArchiveView>,
    /// What stood in the place of files that were restored, the oldest first.
    pub history: Vec<ArchiveView>,
    /// What happened, the oldest first.
    pub notes: Vec<NoteView>,
}

/// What became of a project's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProtectedState {
    /// They are the user's.
    Idle,
    /// They were saved, and are to be restored.
    Saved,
    /// Giving them back was begun and not ended.
    Restoring,
}

/// A launch in a project.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ParticipantView {
    /// The session.
    pub session: SessionId,
    /// Its agent.
    pub agent: Agent,
    /// The process that shows it.
    pub process: Process,
    /// Whether it is there; unknown counts as there.
    pub live: Live,
}

/// A tar file with protected files.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ArchiveView {
    /// Its number.
    pub number: u64,
    /// Where it stands.
    pub path: String,
}

/// Something that happened.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoteView {
    /// When (RFC 3339).
    pub at: String,
    /// What.
    pub text: String,
}

impl ProjectView {
    /// A project with what is kept of it.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn new(
        context: &Context,
        record: &ProjectRecord,
        paths: &[RelativePath],
        protected_store: &ProtectedStore,
    ) -> Result<Self, CommandError> {
        let (participants, probes) = context.participants(&record.project, &record.participants)?;
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

    /// What became of the files, in words.
    #[must_use]
    pub fn state_words(&self) -> String {
        match (self.state, self.backup) {
            (ProtectedState::Idle, _) | (_, None) => "yours".to_owned(),
            (ProtectedState::Saved, Some(backup)) => format!("saved in backup {backup}"),
            (ProtectedState::Restoring, Some(backup)) => format!("being restored from backup {backup}"),
        }
    }
}
