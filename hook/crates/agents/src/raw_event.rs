//! Reads the first complete JSON object from standard input, within limits of size and time.
//!
//! Claude leaves stdin open at `/clear`. So baton never waits for the end of the file: it stops reading at the
//! object's last brace and ignores what follows.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use baton_fs::hash::sha256_hex;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// The largest event that baton reads, in bytes.
pub const MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;

/// How long the whole event may take to arrive.
pub const READ_TIMEOUT: Duration = Duration::from_secs(1);

/// The deepest nesting that baton accepts.
pub const MAX_NESTING: usize = 128;

/// How many bytes one read asks for. Most events fit into one chunk.
const READ_CHUNK_BYTES: usize = 16 * 1024;

/// Half of a surrogate pair, as JSON writes it.
const LONE_SURROGATE: &str = "\\ud800";

/// Why stdin gave no event.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum RawEventError {
    /// Stdin held nothing but white space.
    #[error("stdin is empty; an agent writes one JSON object there (to try a hook by hand, pipe an event into it)")]
    Empty,
    /// The first value is not an object.
    #[error("stdin does not start with a JSON object")]
    NotObject,
    /// The object is larger than [`MAX_EVENT_BYTES`].
    #[error("the event on stdin is larger than {cap} bytes, the limit; it is ignored")]
    TooLarge { cap: usize },
    /// The object nests deeper than [`MAX_NESTING`].
    #[error("the event on stdin nests deeper than {cap} levels, the limit; it is ignored")]
    TooDeep { cap: usize },
    /// Stdin ended inside the object.
    #[error("stdin ended after {got} bytes, before the JSON object did")]
    Incomplete { got: usize },
    /// The object did not end within [`READ_TIMEOUT`].
    #[error("the JSON object on stdin did not end within {} ms ({got} bytes came)", .deadline.as_millis())]
    TimedOut { deadline: Duration, got: usize },
    /// Stdin cannot be read.
    #[error("stdin cannot be read")]
    Read(#[source] Errno),
}

/// The limits of one reading.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimits {
    /// The maximum number of bytes.
    pub bytes: usize,
    /// The maximum duration.
    pub time: Duration,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { bytes: MAX_EVENT_BYTES, time: READ_TIMEOUT }
    }
}

/// The text of one event: one balanced JSON object, not yet parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    text: String,
}

impl RawEvent {
    /// Reads the first JSON object from `input`.
    ///
    /// # Errors
    /// See [`RawEventError`].
    pub fn read(input: impl AsFd, limits: ReadLimits) -> Result<Self, RawEventError> {
        let begun = Instant::now();
        let mut bytes = Vec::new();
        let mut scanner = Scanner::default();
        let mut piece = [0; READ_CHUNK_BYTES];
        loop {
            let got = bytes.len();
            let left = limits.time.saturating_sub(begun.elapsed());
            match wait_readable(&input, left) {
                Ok(true) => {}
                Err(Errno::EINTR) if !left.is_zero() => continue,
                Ok(false) | Err(Errno::EINTR) => {
                    return Err(RawEventError::TimedOut { deadline: limits.time, got });
                }
                Err(error) => return Err(RawEventError::Read(error)),
            }
            let count = match nix::unistd::read(&input, &mut piece) {
                Ok(0) if scanner.has_started() => return Err(RawEventError::Incomplete { got }),
                Ok(0) => return Err(RawEventError::Empty),
                Ok(count) => count,
                Err(Errno::EINTR | Errno::EAGAIN) => continue,
                Err(error) => return Err(RawEventError::Read(error)),
            };
            bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
            if let Some(end) = scanner.feed(bytes.get(got..).unwrap_or_default())? {
                bytes.truncate(got + end);
            } else if bytes.len() <= limits.bytes {
                continue;
            }
            if bytes.len() > limits.bytes {
                return Err(RawEventError::TooLarge { cap: limits.bytes });
            }
            let text = String::from_utf8(bytes).unwrap_or_else(|error| decode_lossily(error.as_bytes()));
            return Ok(Self { text });
        }
    }

    /// Wraps an event that came as an argument. The kernel limits its length, and the parser checks the rest.
    #[must_use]
    pub const fn from_argument(text: String) -> Self {
        Self { text }
    }

    /// Returns the object, with the white space that came before it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the first 32 hex digits of the SHA-256 of the object's bytes.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256_hex(self.text.trim_ascii_start().as_bytes(), 16)
    }
}

/// Puts half of a surrogate pair in place of bytes that are no UTF-8: each field then handles it as it handles one that the client
/// wrote. Outside of strings it is a syntax error, as the bytes are.
fn decode_lossily(bytes: &[u8]) -> String {
    let chunks = bytes.utf8_chunks();
    let parts = chunks.flat_map(|chunk| [chunk.valid(), if chunk.invalid().is_empty() { "" } else { LONE_SURROGATE }]);
    parts.collect()
}

/// Waits until something can be read; false where the time ran out.
fn wait_readable(input: &impl AsFd, left: Duration) -> Result<bool, Errno> {
    // Round up, so that a wait never ends early and spins. When the time is up, poll once more to read what has
    // already arrived.
    let millis = u16::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u16::MAX);
    let mut fds = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
    Ok(poll(&mut fds, PollTimeout::from(millis))? > 0)
}

/// Finds the end of one JSON object in bytes that arrive in chunks. It only balances brackets outside strings and
/// leaves all other checks to the parser.
#[derive(Debug, Default)]
struct Scanner {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scanner {
    const fn has_started(&self) -> bool {
        self.depth > 0
    }

    /// Processes the next chunk. Returns the position in it at which the object ends, once that is known.
    fn feed(&mut self, piece: &[u8]) -> Result<Option<usize>, RawEventError> {
        for (at, byte) in piece.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'{' | b'[' if self.has_started() || *byte == b'{' => self.depth += 1,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if !self.has_started() => return Err(RawEventError::NotObject),
                b'}' | b']' => self.depth -= 1,
                b'"' => self.in_string = true,
                _ => {}
            }
            if self.depth > MAX_NESTING {
                return Err(RawEventError::TooDeep { cap: MAX_NESTING });
            }
            if self.depth == 0 && matches!(byte, b'}' | b']') {
                return Ok(Some(at + 1));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
