//! Collects what belongs to one session, for an export or for handing it over.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use agent_baton_core::id::SessionId;
use agent_baton_core::session::Session;

use super::{MAX_TRANSCRIPT_BYTES, SessionExport, Transcript, without_delivery_state, without_other_sessions};
use baton_fs::read::open_own;
use baton_store::{AuditLine, Store, StoreError};

/// Why a session could not be collected.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum CollectError {
    /// A file of the state cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record names no transcript.
    #[error("session {session} names no transcript")]
    NoTranscript { session: SessionId },
    /// The transcript cannot be read.
    #[error("cannot read {path}")]
    Transcript { path: PathBuf, source: io::Error },
    /// A decision cannot be written as JSON.
    #[error("a decision about the session cannot be written")]
    Decision(#[from] serde_json::Error),
}

impl SessionExport {
    /// Collects a session, with the agent's transcript if `with_transcript`. It has no loops.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read, or if the record names no transcript and one was asked for.
    pub fn collect(store: &Store, session: Session, with_transcript: bool) -> Result<Self, CollectError> {
        let id = session.id.clone();
        let mut chunks = Vec::new();
        for chunk in store.chunks(&id)? {
            chunks.push((chunk.number, store.chunk_text(&id, &chunk)?));
        }
        let transcript = match session.transcript.as_deref().filter(|_| with_transcript) {
            Some(path) => Some(read_transcript(Path::new(path))?),
            None if with_transcript => return Err(CollectError::NoTranscript { session: id }),
            None => None,
        };
        Ok(Self {
            messages: store.conversation(&id)?.messages,
            chunks,
            decisions: decisions(store, &id)?,
            session: without_delivery_state(session),
            transcript,
            loops: Vec::new(),
        })
    }
}

/// Returns every decision about the session, oldest first. Decisions imported from another machine come before those
/// of this one.
fn decisions(store: &Store, session: &SessionId) -> Result<String, CollectError> {
    let mut text = store.imported_decisions(session)?;
    let about = |line: &AuditLine| line.names(session.as_str());
    let mut lines = Vec::new();
    for line in store.audit()?.filter(about) {
        lines.push(serde_json::to_string(&without_other_sessions(line, session))? + "\n");
    }
    lines.reverse();
    text.extend(lines);
    Ok(text)
}

/// Returns the agent's transcript, or its compressed form.
fn read_transcript(path: &Path) -> Result<Transcript, CollectError> {
    let failed = |path: PathBuf| move |source| CollectError::Transcript { path, source };
    let beside = PathBuf::from(format!("{}.zst", path.display()));
    let (path, (opened, _)) = match open_own(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && beside.exists() => {
            let opened = open_own(&beside).map_err(failed(beside.clone()))?;
            (beside, opened)
        }
        opened => (path.to_owned(), opened.map_err(failed(path.to_owned()))?),
    };
    let mut bytes = Vec::new();
    // Read one byte more than an export accepts, so that a longer transcript is refused and not cut.
    opened.take(MAX_TRANSCRIPT_BYTES + 1).read_to_end(&mut bytes).map_err(failed(path.clone()))?;
    Ok(Transcript { bytes, compressed: path.extension().is_some_and(|ext| ext == "zst") })
}
