//! What can exist at a protected path.

use std::fmt;

use baton_fs::hash::sha256_hex;
use serde::{Deserialize, Serialize};

/// The SHA-256 of a file's content, as 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// The file, directory or link at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// A regular file.
    File {
        /// Its permissions.
        mode: Mode,
        /// Its length.
        bytes: u64,
        /// The digest of its content.
        sha256: Digest,
    },
    /// A directory. Its entries have paths of their own.
    Directory {
        /// Its permissions.
        mode: Mode,
    },
    /// A symbolic link. baton never follows it.
    Link {
        /// Its target, unchanged.
        target: String,
    },
}

/// Permission bits, without the file type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Mode(u32);

impl Mode {
    /// Takes the permissions from the mode of a file's status.
    #[must_use]
    #[allow(clippy::useless_conversion, reason = "the type has 16 bits on some systems")]
    pub fn from_status(mode: nix::libc::mode_t) -> Self {
        Self(u32::from(mode) & 0o7777)
    }

    /// Returns these permissions, with all of the owner's added.
    #[must_use]
    pub const fn writable(self) -> Self {
        Self(self.0 | 0o700)
    }

    /// Returns the bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Mode {
    type Error = &'static str;
    fn try_from(bits: u32) -> Result<Self, Self::Error> {
        if bits & !0o7777 == 0 { Ok(Self(bits)) } else { Err("permissions have twelve bits") }
    }
}

impl From<Mode> for u32 {
    fn from(mode: Mode) -> Self {
        mode.0
    }
}

impl Digest {
    /// Computes the digest of these bytes.
    #[must_use]
    pub fn from_content(bytes: &[u8]) -> Self {
        Self(sha256_hex(bytes, 32))
    }

    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 64 && text.bytes().all(hex) { Ok(Self(text)) } else { Err("is not a digest of 64 hex digits") }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { bytes, .. } => write!(f, "a file of {bytes} bytes"),
            Self::Directory { .. } => f.write_str("a directory"),
            Self::Link { .. } => f.write_str("a symbolic link"),
        }
    }
}
