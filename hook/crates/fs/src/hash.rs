//! Hashes of contents, as text.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The first `BYTES` bytes of a SHA-256 as hex digits, which are safe in a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HexDigest<const BYTES: usize>(String);

impl<const BYTES: usize> HexDigest<BYTES> {
    /// Returns the digest of a content.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256_hex(bytes, BYTES))
    }

    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const BYTES: usize> TryFrom<String> for HexDigest<BYTES> {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 2 * BYTES && text.bytes().all(hex) { Ok(Self(text)) } else { Err("is not a digest") }
    }
}

impl<const BYTES: usize> From<HexDigest<BYTES>> for String {
    fn from(digest: HexDigest<BYTES>) -> Self {
        digest.0
    }
}

/// Returns the first `bytes` bytes of the SHA-256 of `data` as hex digits.
#[must_use]
pub fn sha256_hex(data: &[u8], bytes: usize) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |&digit| char::from(digit));
    Sha256::digest(data).iter().take(bytes).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
