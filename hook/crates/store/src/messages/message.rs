//! One message, and its line.

use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use baton_fs::hash::sha256_hex;

/// The longest text kept of one message, in bytes; the rest is cut off.
pub const MAX_TEXT: usize = 256 * 1024;

/// How every line begins. Inside a string of JSON each quotation mark has a backslash before it, so these bytes begin a line
/// wherever they stand: after a torn line, after NULs, in the middle of another.
pub(super) const LINE_PREFIX: &[u8] = b"{\"sum\":\"";

/// Hex digits of a line's checksum.
pub(super) const CHECKSUM_DIGITS: usize = 16;

/// What follows the checksum.
pub(super) const CHECKSUM_END: &[u8] = b"\",";

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A prompt.
    Prompt,
    /// The last words of the agent's turn.
    Answer,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The session: a log that stands in another's place says nothing there.
    pub session: SessionId,
    /// Its sequence number: when the hook that brought it started, in milliseconds of the boot that `at` names.
    pub n: u64,
    /// The pid of that hook. With `n`, the boot and the pid namespace no other message has it.
    pub hook: u32,
    /// When it was written down.
    pub at: Timestamp,
    /// The agent's process.
    pub process: Process,
    /// Digest of the event.
    pub digest: String,
    /// Who said it.
    pub role: Role,
    /// The words.
    pub text: String,
    /// How many bytes they had, where they were cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_bytes: Option<u64>,
}

impl Message {
    /// Cuts the words to what is kept of one message.
    #[must_use]
    pub fn within_limits(mut self) -> Self {
        if self.text.len() > MAX_TEXT {
            self.original_bytes = Some(self.text.len() as u64);
            self.text.truncate(self.text.floor_char_boundary(MAX_TEXT));
        }
        self
    }

    /// What no other message has.
    pub(super) fn key(&self) -> (String, u64, u64, u32) {
        (self.at.boot.clone(), self.process.pidns, self.n, self.hook)
    }

    /// The line, with a line break before and after it: a torn one spoils no other.
    ///
    /// # Errors
    /// None that is known; it is JSON's.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(self)?;
        let body = json.strip_prefix('{').unwrap_or(&json);
        Ok(format!("\n{{\"sum\":\"{}\",{body}\n", sha256_hex(body.as_bytes(), CHECKSUM_DIGITS / 2)))
    }

    /// The message whose line begins with `bytes`, and the line's length; none where it is torn, or not as it was written.
    pub(super) fn at_start_of(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Self>();
        let message = values.next()?.ok()?;
        let len = values.byte_offset();
        let rest = bytes.get(..len)?.strip_prefix(LINE_PREFIX)?;
        let (sum, rest) = rest.split_at_checked(CHECKSUM_DIGITS)?;
        let body = rest.strip_prefix(CHECKSUM_END)?;
        (sha256_hex(body, CHECKSUM_DIGITS / 2).as_bytes() == sum).then_some((message, len))
    }
}
