//! What can exist at a protected path.

use std::fmt;

use baton_fs::hash::HexDigest;
use serde::{Deserialize, Serialize};

/// The SHA-256 of a file's content.
pub type Digest = HexDigest<32>;

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

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { bytes, .. } => write!(f, "a file of {bytes} bytes"),
            Self::Directory { .. } => f.write_str("a directory"),
            Self::Link { .. } => f.write_str("a symbolic link"),
        }
    }
}
