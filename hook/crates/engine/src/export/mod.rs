//! Exports one session as a compressed tar archive, which ordinary tools can open.
//!
//! All files are below one directory. `export.json` identifies the format. `session.json` is the record,
//! `messages.jsonl` and `chunks/` hold the messages, and `decisions.jsonl` lists the decisions about the session.
//! `transcript.jsonl` is the agent's transcript, if you asked for it. `loops/` has the definitions of unfinished loops, if
//! the session is handed over to another machine. The same state gives the same bytes. The archive contains nothing about
//! other sessions.

mod archived;
mod collect;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::io;

use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::session::Session;
use serde::{Deserialize, Serialize};

use baton_store::{AuditLine, Message};

use crate::loops::definition::LoopDefinition;

pub use archived::{as_archived, as_picked_up, find_deleted};
pub use collect::CollectError;

/// The version of the format.
pub const FORMAT: u32 = 1;

/// The maximum size of an export when unpacked, in bytes.
pub const MAX_EXPORT_BYTES: u64 = 1024 * 1024 * 1024;

/// The maximum size of the transcript, in bytes.
pub const MAX_TRANSCRIPT_BYTES: u64 = 256 * 1024 * 1024;

/// The maximum size of every other part, in bytes.
const MAX_PART_BYTES: u64 = 128 * 1024 * 1024;

/// The maximum size of a loop's definition, in bytes.
const MAX_LOOP_BYTES: u64 = 64 * 1024;

/// The maximum number of files.
const MAX_FILES: usize = 4096;

/// One session with everything that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionExport {
    /// The record.
    pub session: Session,
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// The chunks, by number.
    pub chunks: Vec<(u32, String)>,
    /// The decisions about it, as lines of JSON, oldest first.
    pub decisions: String,
    /// The agent's transcript.
    pub transcript: Option<Transcript>,
    /// The definitions of its unfinished loops, by run. Only a session that is handed over has them.
    pub loops: Vec<(RunId, LoopDefinition)>,
}

/// An agent's transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether the agent had compressed it.
    pub compressed: bool,
}

impl Transcript {
    /// Returns the name of its file.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        if self.compressed { "transcript.jsonl.zst" } else { "transcript.jsonl" }
    }
}

/// Identifies a file as an export.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    /// [`FORMAT`].
    format: u32,
    /// The session.
    session: SessionId,
    /// The program and version that wrote it.
    by: String,
}

/// Why an export could not be written or read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum ExportError {
    /// The archive could not be read or written.
    #[error("the archive cannot be read or written")]
    Io(#[from] io::Error),
    /// The format has another version.
    #[error("it has format {0}, and this baton reads format {FORMAT}")]
    Format(u32),
    /// A part is missing.
    #[error("{0} is missing in it, so it is no archive of `baton session export`, or not a whole one")]
    Missing(&'static str),
    /// A part is invalid.
    #[error("{name} in it cannot be read: {why}")]
    InvalidPart { name: String, why: String },
    /// A name that no export contains: a file of another directory, a link or a device.
    #[error("it holds {0:?}, which no export does: nothing of it was taken")]
    UnexpectedEntry(String),
    /// A part occurs twice.
    #[error("it holds {0} twice: nothing of it was taken")]
    DuplicateEntry(String),
    /// A part or the whole archive is too large.
    #[error("{name} is larger than {limit} bytes, the most that is taken")]
    TooLarge { name: String, limit: u64 },
}

/// Returns the name of the directory that all files of an export are below.
#[must_use]
pub fn directory_name(session: &SessionId) -> String {
    format!("baton-session-{session}")
}

/// Returns a decision without what it mentions about other sessions.
#[must_use]
pub fn without_other_sessions(mut line: AuditLine, session: &SessionId) -> AuditLine {
    line.request = None;
    line.decision = None;
    line.left_out = true;
    line.changes.retain(|change| change.id == session.as_str());
    if line.asked.session.as_ref() != Some(session) {
        line.asked.session = None;
        line.asked.run = None;
    }
    line
}

/// Returns a record without the runs of other sessions, and without old deliveries.
#[must_use]
pub fn without_delivery_state(mut session: Session) -> Session {
    session.outbox.clear();
    session.deliveries.clear();
    session
}
