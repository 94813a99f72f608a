//! One session in one file, which ordinary tools open: a compressed tar archive.
//!
//! Everything stands below one directory: `export.json` says what it is, `session.json` is the record, `messages.jsonl` and
//! `chunks/` what was said, `decisions.jsonl` the decisions about it, and `transcript.jsonl` the agent's own, where that was asked
//! for. The same state gives the same bytes. Nothing of another session is in it.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::io;

use agent_baton_core::id::SessionId;
use agent_baton_core::session::Session;
use serde::{Deserialize, Serialize};

use baton_store::{AuditLine, Message};

/// The number of the form.
pub const FORMAT: u32 = 1;

/// The most that a bundle holds unpacked, in bytes.
pub const MAX_EXPORT_BYTES: u64 = 1024 * 1024 * 1024;

/// The largest transcript, in bytes.
pub const MAX_TRANSCRIPT_BYTES: u64 = 256 * 1024 * 1024;

/// The largest of every other part, in bytes.
const MAX_PART_BYTES: u64 = 128 * 1024 * 1024;

/// The most files.
const MAX_FILES: usize = 4096;

/// One session, with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionExport {
    /// The record.
    pub session: Session,
    /// What was said, oldest first.
    pub messages: Vec<Message>,
    /// The chunks, by number.
    pub chunks: Vec<(u32, String)>,
    /// The decisions about it, as lines of JSON, oldest first.
    pub decisions: String,
    /// The agent's transcript.
    pub transcript: Option<Transcript>,
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
    /// Its file's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        if self.compressed { "transcript.jsonl.zst" } else { "transcript.jsonl" }
    }
}

/// What says that a file is a bundle.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    /// [`FORMAT`].
    format: u32,
    /// The session.
    session: SessionId,
    /// The program and version that wrote it.
    by: String,
}

/// Why a bundle was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The archive could not be read or written.
    #[error("the archive cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// Its form is of another version.
    #[error("it has format {0}, and this baton reads format {FORMAT}: read it with the baton that wrote it")]
    Format(u32),
    /// A part is missing.
    #[error("{0} is missing in it, so it is no bundle of `baton session export`, or not a whole one")]
    Missing(&'static str),
    /// A part is not what it should be.
    #[error("{name} in it cannot be read: {why}")]
    InvalidPart {
        /// The part.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A name that no bundle has: another directory's, a link, a device.
    #[error("it holds {0:?}, which no bundle does: nothing of it was taken")]
    UnexpectedEntry(String),
    /// A part is there twice.
    #[error("it holds {0} twice: nothing of it was taken")]
    DuplicateEntry(String),
    /// A part, or all of it, is too large.
    #[error("{name} is larger than {limit} bytes, the most that is taken")]
    TooLarge {
        /// The part.
        name: String,
        /// The limit.
        limit: u64,
    },
}

/// The directory in a bundle that everything stands in.
#[must_use]
pub fn directory_name(session: &SessionId) -> String {
    format!("baton-session-{session}")
}

/// A decision, without what it saw of other sessions.
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

/// A record, without what it says of the runs of other sessions, and of events that are long over.
#[must_use]
pub fn without_delivery_state(mut session: Session) -> Session {
    session.outbox.clear();
    session.deliveries.clear();
    session
}
