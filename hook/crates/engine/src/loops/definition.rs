//! What a loop was started with, in words: the file beside the record.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use baton_fs::hash::sha256_hex;

/// The longest prompt, in bytes: Claude takes 10,000 characters of a hook, Codex about as many, and the rest of the words must fit.
pub const MAX_PROMPT_BYTES: usize = 8000;

/// The longest phrase, in bytes.
pub const MAX_PHRASE_BYTES: usize = 200;

/// The longest command, in bytes.
pub const MAX_COMMAND_BYTES: usize = 4000;

/// What a loop was started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopDefinition {
    /// What goes in again when the agent wants to stop.
    pub prompt: String,
    /// The phrase that ends the loop.
    pub until: Option<String>,
    /// The command that says whether the work is done.
    pub done_when: Option<DoneWhen>,
    /// The project's directory.
    pub directory: PathBuf,
}

/// A command, with all that its meaning hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneWhen {
    /// The words, for `/bin/sh`.
    pub command: String,
    /// Where it runs.
    pub directory: PathBuf,
    /// Its whole environment: a repository can change that of the agent, and so of the hook.
    pub environment: BTreeMap<String, String>,
}

impl LoopDefinition {
    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The texts of a file's bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// What the record holds of a file's bytes.
    #[must_use]
    pub fn digest(bytes: &[u8]) -> String {
        sha256_hex(bytes, 16)
    }
}
