//! Where an agent looks for a conversation that another machine had.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use agent_baton_core::id::SessionId;

/// The largest window of a compressed transcript that baton unpacks, in bytes. zstd recommends that every decoder supports
/// this size.
const MAX_ZSTD_WINDOW_BYTES: u64 = 8 * 1024 * 1024;

/// A conversation from another machine.
#[derive(Debug, Clone, Copy)]
pub struct MovedConversation<'a> {
    /// The session.
    pub session: &'a SessionId,
    /// The directory on this machine in which the user resumes it.
    pub directory: &'a Path,
    /// The path that the transcript had on the other machine. Only a time is read from it.
    pub transcript: Option<&'a str>,
    /// The content of the transcript, not compressed.
    pub content: &'a [u8],
}

/// Returns the path of a transcript below the agent's directory.
pub(crate) type FindPlace = fn(&Path, MovedConversation<'_>) -> Result<PathBuf, PlaceError>;

/// Why there is no place for a transcript.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum PlaceError {
    /// The agent shortens the name of the directory's folder in a way of its own.
    #[error("the path {directory} is so long that only Claude knows in which folder it looks for its conversations")]
    LongPath { directory: PathBuf },
    /// Nothing says when the thread began.
    #[error("the transcript does not say when the conversation began, and Codex looks for it by that time")]
    NoTime,
}

/// Unpacks a compressed transcript.
///
/// # Errors
/// Returns an error if the bytes are not a compressed text. The error is `FileTooLarge` if there are more than `most` bytes.
pub fn unpack_transcript(packed: &[u8], most: u64) -> io::Result<Vec<u8>> {
    let decoder = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(packed, MAX_ZSTD_WINDOW_BYTES);
    let mut content = Vec::new();
    decoder.map_err(io::Error::other)?.take(most.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(content) }
}
