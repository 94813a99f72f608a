//! The record of one project: who came in, and where the saved files are.

use std::collections::BTreeMap;

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::{Digest, Entry};
use baton_engine::config::RelativePath;

/// The form of the record. Another one is not written over.
const FORMAT: u32 = 1;

/// The newest notes that are kept.
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
    /// The launches that came in; each goes when it leaves, the last ones once the files are restored.
    pub participants: Vec<Participant>,
    /// What became of the files.
    pub state: ProtectionState,
    /// What happened, the newest last.
    pub notes: Vec<HistoryNote>,
    /// What the user is told at the next event that takes words.
    pub pending_notices: Vec<String>,
}

/// A launch in the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// The session.
    pub session: SessionId,
    /// Its agent.
    pub agent: Agent,
    /// The process that shows it.
    pub process: Process,
}

/// What became of the files.
///
/// There is no state for a save that is under way: a backup counts once it stands whole under its name and this record names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ProtectionState {
    /// They are the user's.
    Idle,
    /// They were saved, and are to be restored.
    Saved(Backup),
    /// The last session has left, and they are being restored.
    Restoring {
        /// What is restored.
        saved: Backup,
        /// What stood there when the last session had left.
        seen: BTreeMap<RelativePath, Entry>,
    },
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Its number.
    pub number: u64,
    /// Of the whole file: another one is not the one that was written.
    pub sha256: Digest,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryNote {
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

impl ProjectRecord {
    /// Of a project that nobody was in.
    #[must_use]
    pub const fn new(project: String) -> Self {
        Self {
            format: FORMAT,
            project,
            revision: 0,
            participants: Vec::new(),
            state: ProtectionState::Idle,
            notes: Vec::new(),
            pending_notices: Vec::new(),
        }
    }

    /// Takes a record's bytes, which must be of this project.
    ///
    /// # Errors
    /// What is wrong with them, as the rest of a sentence.
    pub fn parse(bytes: &[u8], project: Option<&str>) -> Result<Self, String> {
        let record: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("is no record of a project: {error}"))?;
        if record.format != FORMAT {
            return Err(format!("has form {}, this baton reads {FORMAT}", record.format));
        }
        match project {
            Some(project) if project != record.project => Err(format!("is of another project, {}", record.project)),
            _ => Ok(record),
        }
    }

    /// Notes what happened, and has it told.
    pub fn note(&mut self, at: &Timestamp, text: String) {
        self.pending_notices.push(text.clone());
        self.notes.push(HistoryNote { at: at.clone(), text });
        self.pending_notices.drain(..self.pending_notices.len().saturating_sub(MAX_NOTES));
        self.notes.drain(..self.notes.len().saturating_sub(MAX_NOTES));
    }

    /// The backup that is to be restored.
    #[must_use]
    pub const fn backup(&self) -> Option<&Backup> {
        match &self.state {
            ProtectionState::Idle => None,
            ProtectionState::Saved(saved) | ProtectionState::Restoring { saved, .. } => Some(saved),
        }
    }
}
