//! A project as commands print it.

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::process::{Live, Process};
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::config::Inside;
use crate::protect::Record;
use crate::protect::record::State;
use crate::store::{PackKind, Vault};
use crate::words::instant;

/// A project as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProjectView {
    /// Its path.
    pub project: String,
    /// The protected paths, relative to it.
    pub paths: Vec<String>,
    /// What became of its files.
    pub state: StateName,
    /// The backup that is to be given back.
    pub backup: Option<u64>,
    /// The launches that came in; each goes when it leaves, the last ones once the files are given back.
    pub present: Vec<PresenceView>,
    /// The backups that are kept, the oldest first.
    pub backups: Vec<PackView>,
    /// What stood in the place of files that were given back, the oldest first.
    pub history: Vec<PackView>,
    /// What happened, the oldest first.
    pub notes: Vec<NoteView>,
}

/// What became of a project's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// They are the person's.
    Idle,
    /// They were saved, and are to be given back.
    Saved,
    /// Giving them back was begun and not ended.
    GivingBack,
}

/// A launch in a project.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PresenceView {
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
pub struct PackView {
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
    pub fn new(context: &Context, record: &Record, paths: &[Inside], vault: &Vault) -> Result<Self, CommandError> {
        let (company, sights) = context.company(&record.project, &record.present)?;
        let present = record.present.iter().map(|presence| PresenceView {
            session: presence.session.clone(),
            agent: presence.agent,
            process: presence.process.clone(),
            live: company.lives(&sights, context.place(), presence),
        });
        let packs = |kind| -> Result<Vec<PackView>, CommandError> {
            let view = |number| PackView { number, path: vault.path(kind, number).display().to_string() };
            Ok(vault.numbers(kind)?.into_iter().map(view).collect())
        };
        Ok(Self {
            project: record.project.clone(),
            paths: paths.iter().map(|path| path.path().display().to_string()).collect(),
            state: match record.state {
                State::Idle => StateName::Idle,
                State::Saved(_) => StateName::Saved,
                State::GivingBack { .. } => StateName::GivingBack,
            },
            backup: record.saved().map(|saved| saved.backup),
            present: present.collect(),
            backups: packs(PackKind::Backup)?,
            history: packs(PackKind::History)?,
            notes: record
                .notes
                .iter()
                .map(|note| NoteView { at: instant(&note.at), text: note.text.clone() })
                .collect(),
        })
    }

    /// What became of the files, in words.
    #[must_use]
    pub fn state_words(&self) -> String {
        match (self.state, self.backup) {
            (StateName::Idle, _) | (_, None) => "yours".to_owned(),
            (StateName::Saved, Some(backup)) => format!("saved in backup {backup}"),
            (StateName::GivingBack, Some(backup)) => format!("being given back from backup {backup}"),
        }
    }
}
