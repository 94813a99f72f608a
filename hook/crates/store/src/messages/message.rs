//! One message, and its line in a log.

use agent_baton_core::id::SessionId;
use agent_baton_core::process::Process;
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use baton_fs::hash::sha256_hex;

/// The maximum length of a stored text, in bytes. The rest is cut off.
pub const MAX_TEXT: usize = 256 * 1024;

/// The beginning of every line. Inside a JSON string, each quotation mark follows a backslash, so these bytes always
/// begin a line: after an incomplete line, after NULs, or in the middle of another line.
pub(super) const LINE_PREFIX: &[u8] = b"{\"sum\":\"";

/// The number of hex digits of a line's checksum.
pub(super) const CHECKSUM_DIGITS: usize = 16;

/// The bytes after the checksum.
pub(super) const CHECKSUM_END: &[u8] = b"\",";

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A prompt.
    Prompt,
    /// The last message of the agent's turn.
    Answer,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The session. A log in the directory of another session is ignored.
    pub session: SessionId,
    /// Its sequence number: when the hook that recorded it started, in milliseconds since boot. `at` names the boot.
    pub n: u64,
    /// The pid of that hook. Together with `n`, the boot and the pid namespace, it identifies the message.
    pub hook: u32,
    /// When it was recorded.
    pub at: Timestamp,
    /// The agent's process.
    pub process: Process,
    /// The digest of the event.
    pub digest: String,
    /// Who wrote it.
    pub role: Role,
    /// The text.
    pub text: String,
    /// The original length in bytes, if the text was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_bytes: Option<u64>,
}

impl Message {
    /// Cuts the text to the maximum length.
    #[must_use]
    pub fn within_limits(mut self) -> Self {
        if self.text.len() > MAX_TEXT {
            self.original_bytes = Some(self.text.len() as u64);
            self.text.truncate(self.text.floor_char_boundary(MAX_TEXT));
        }
        self
    }

    /// Returns what identifies the message.
    pub(super) fn key(&self) -> (String, u64, u64, u32) {
        (self.at.boot.clone(), self.process.pidns, self.n, self.hook)
    }

    /// Returns the line, with a line break before and after it, so that an incomplete line does not damage it.
    ///
    /// # Errors
    /// Returns serde_json's error, which is not known to occur.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(self)?;
        let body = json.strip_prefix('{').unwrap_or(&json);
        Ok(format!("\n{{\"sum\":\"{}\",{body}\n", sha256_hex(body.as_bytes(), CHECKSUM_DIGITS / 2)))
    }

    /// Returns the message whose line begins `bytes`, and the line's length, or `None` if the line is incomplete or
    /// damaged.
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
