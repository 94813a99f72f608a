//! Hashes of contents, as text.

use sha2::{Digest, Sha256};

/// Returns the first `bytes` bytes of the SHA-256 of `data` as hex digits.
#[must_use]
pub fn sha256_hex(data: &[u8], bytes: usize) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |&digit| char::from(digit));
    Sha256::digest(data).iter().take(bytes).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
