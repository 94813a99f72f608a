//! A project with protected files, as `--json` prints it.

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::{Live, Process};
use schemars::JsonSchema;
use serde::Serialize;

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
