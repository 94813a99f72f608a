//! The record of one project: who is present, and where the saved files are.

use std::collections::BTreeMap;

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::{Digest, Entry};
use baton_engine::config::RelativePath;

/// The format of the record. baton does not overwrite a record of another format.
const FORMAT: u32 = 1;

/// How many notes are kept, the newest.
const MAX_NOTES: usize = 20;

/// A project with protected files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectRecord {
    format: u32,
    /// Its path.
    pub project: String,
    /// Grows by one at each write.
    pub revision: u64,
    /// The launches that entered. Each is removed when it leaves, the last ones once the files are restored.
    pub participants: Vec<Participant>,
    /// The state of the files.
    pub state: ProtectionState,
    /// When restoring the files last failed, while they are still to be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    /// What happened, newest last.
    pub notes: Vec<HistoryNote>,
    /// The notices for the user, delivered with the next reply that can carry them.
    pub pending_notices: Vec<String>,
}

/// A launch in the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// The session.
    pub session: SessionId,
    /// Its agent.
    pub agent: Agent,
    /// The process that displays it.
    pub process: Process,
}

/// The state of the protected files.
///
/// There is no state for a save in progress. A backup counts once the complete file has its final name and this
/// record refers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ProtectionState {
    /// Nothing is saved. The files belong to the user.
    Idle,
    /// The files are saved and must be restored.
    Saved(Backup),
    /// The last session has left, and the files are being restored.
    Restoring {
        /// The backup to restore.
        saved: Backup,
        /// What existed when the last session had left.
        seen: BTreeMap<RelativePath, Entry>,
    },
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Its number.
    pub number: u64,
    /// The digest of the whole file. A file with another digest is not the one that was written.
    pub sha256: Digest,
}

/// One entry of the notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryNote {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub text: String,
}

impl ProjectRecord {
    /// Creates the record of a project that no session has entered.
    #[must_use]
    pub const fn new(project: String) -> Self {
        Self {
            format: FORMAT,
            project,
            revision: 0,
            participants: Vec::new(),
            state: ProtectionState::Idle,
            failed_at: None,
            notes: Vec::new(),
            pending_notices: Vec::new(),
        }
    }

    /// Parses the bytes of a record, which must belong to this project.
    ///
    /// # Errors
    /// Returns what is wrong with them, as the predicate of a sentence.
    pub fn parse(bytes: &[u8], project: Option<&str>) -> Result<Self, String> {
        let record: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("is not a project record: {error}"))?;
        if record.format != FORMAT {
            return Err(format!("has format {}; this version of baton reads {FORMAT}", record.format));
        }
        match project {
            Some(project) if project != record.project => {
                Err(format!("belongs to another project, {}", record.project))
            }
            _ => Ok(record),
        }
    }

    /// Notes what happened, and adds it to the notices for the user.
    pub fn note(&mut self, at: &Timestamp, text: String) {
        self.pending_notices.push(text.clone());
        self.notes.push(HistoryNote { at: at.clone(), text });
        self.pending_notices.drain(..self.pending_notices.len().saturating_sub(MAX_NOTES));
        self.notes.drain(..self.notes.len().saturating_sub(MAX_NOTES));
    }

    /// Returns the backup that must be restored.
    #[must_use]
    pub const fn backup(&self) -> Option<&Backup> {
        match &self.state {
            ProtectionState::Idle => None,
            ProtectionState::Saved(saved) | ProtectionState::Restoring { saved, .. } => Some(saved),
        }
    }
}
