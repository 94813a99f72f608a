//! The texts that a loop was started with, in a file beside the record.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use baton_fs::hash::sha256_hex;

/// The longest prompt, in bytes. Claude accepts 10,000 characters from a hook and Codex about as many, and baton's
/// own text must fit, too.
pub const MAX_PROMPT_BYTES: usize = 8000;

/// The longest phrase, in bytes.
pub const MAX_PHRASE_BYTES: usize = 200;

/// The longest command, in bytes.
pub const MAX_COMMAND_BYTES: usize = 4000;

/// The definition of a loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopDefinition {
    /// The prompt that the agent gets again when it wants to stop.
    pub prompt: String,
    /// The phrase that ends the loop.
    pub until: Option<String>,
    /// The command that checks whether the work is done.
    pub done_when: Option<DoneWhen>,
    /// The directory of the project.
    pub directory: PathBuf,
}

/// A command with everything that affects what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneWhen {
    /// The command line, for `/bin/sh`.
    pub command: String,
    /// The directory in which it runs.
    pub directory: PathBuf,
    /// Its complete environment. It is stored because a repository can change the environment of the agent, and so
    /// that of the hook.
    pub environment: BTreeMap<String, String>,
}

impl LoopDefinition {
    /// Returns the bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Parses the bytes of the file.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Returns the digest of the file's bytes that the record holds.
    #[must_use]
    pub fn digest(bytes: &[u8]) -> String {
        sha256_hex(bytes, 16)
    }
}
