//! The record of one project: who came in, and where the saved files are.

use std::collections::BTreeMap;

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;
use agent_baton_core::stamp::Stamp;
use serde::{Deserialize, Serialize};

use super::node::{Digest, Node};
use crate::config::Inside;

/// The form of the record. Another one is not written over.
const FORMAT: u32 = 1;

/// The newest notes that are kept.
const MAX_NOTES: usize = 20;

/// A project with protected files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    format: u32,
    /// Its path.
    pub project: String,
    /// Grows by one at each write.
    pub revision: u64,
    /// The launches that came in; each goes when it leaves, the last ones once the files are given back.
    pub present: Vec<Presence>,
    /// What became of the files.
    pub state: State,
    /// What happened, the newest last.
    pub notes: Vec<Note>,
    /// What the person is told at the next event that takes words.
    pub untold: Vec<String>,
}

/// A launch in the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
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
pub enum State {
    /// They are the person's.
    Idle,
    /// They were saved, and are to be given back.
    Saved(Saved),
    /// The last session has left, and they are being given back.
    GivingBack {
        /// What is given back.
        saved: Saved,
        /// What stood there when the last session had left.
        seen: BTreeMap<Inside, Node>,
    },
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Its number.
    pub backup: u64,
    /// Of the whole file: another one is not the one that was written.
    pub sha256: Digest,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Stamp,
    /// What.
    pub text: String,
}

impl Record {
    /// Of a project that nobody was in.
    #[must_use]
    pub const fn new(project: String) -> Self {
        Self {
            format: FORMAT,
            project,
            revision: 0,
            present: Vec::new(),
            state: State::Idle,
            notes: Vec::new(),
            untold: Vec::new(),
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
    pub fn note(&mut self, at: &Stamp, text: String) {
        self.untold.push(text.clone());
        self.notes.push(Note { at: at.clone(), text });
        self.untold.drain(..self.untold.len().saturating_sub(MAX_NOTES));
        self.notes.drain(..self.notes.len().saturating_sub(MAX_NOTES));
    }

    /// The backup that is to be given back.
    #[must_use]
    pub const fn saved(&self) -> Option<&Saved> {
        match &self.state {
            State::Idle => None,
            State::Saved(saved) | State::GivingBack { saved, .. } => Some(saved),
        }
    }
}
