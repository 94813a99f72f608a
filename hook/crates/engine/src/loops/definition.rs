//! The texts that a loop was started with, in a file beside the record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::directory_id::DirectoryId;
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
    /// The identity of that directory. The command follows it to another path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory_id: Option<DirectoryId>,
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

    /// Returns the directory of the project: the one of the start, or if that is gone, the one in which the run is now.
    #[must_use]
    pub fn present_directory<'a>(&'a self, project: Option<&'a str>) -> &'a Path {
        project.map(Path::new).filter(|_| !self.directory.is_dir()).unwrap_or(&self.directory)
    }

    /// Returns the digest of the file's bytes that the record holds.
    #[must_use]
    pub fn digest(bytes: &[u8]) -> String {
        sha256_hex(bytes, 16)
    }
}

impl DoneWhen {
    /// Returns the directory in which the command runs now. If it was renamed, that is the project in which the run is,
    /// provided that it is the very same directory: the user approved the command for no other.
    #[must_use]
    pub fn present_directory<'a>(&'a self, project: Option<&'a str>) -> &'a Path {
        let is_same =
            |path: &&Path| self.directory_id.is_some() && DirectoryId::from_path(path).ok() == self.directory_id;
        let followed = || project.map(Path::new).filter(is_same);
        Some(&*self.directory).filter(|path| path.is_dir()).or_else(followed).unwrap_or(&self.directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_follows_its_directory_and_its_command_only_the_very_same_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::create_dir(path("old")).unwrap();
        std::fs::create_dir(path("other")).unwrap();
        let directory_id = Some(DirectoryId::from_path(&path("old")).unwrap());
        let done_when =
            DoneWhen { command: "true".into(), directory: path("old"), directory_id, environment: BTreeMap::new() };
        let of_older_version = DoneWhen { directory_id: None, ..done_when.clone() };
        let definition = LoopDefinition {
            prompt: "Go on.".into(),
            until: None,
            done_when: Some(done_when.clone()),
            directory: path("old"),
        };
        let check = |project: &str, of_loop: &str, of_command: &str| {
            let project = path(project);
            let project = project.to_str();
            assert_eq!(definition.present_directory(project), path(of_loop), "{project:?}");
            assert_eq!(done_when.present_directory(project), path(of_command), "{project:?}");
            assert_eq!(of_older_version.present_directory(project), path("old"), "{project:?}");
        };
        check("old", "old", "old");
        check("other", "old", "old");
        std::fs::rename(path("old"), path("new")).unwrap();
        check("new", "new", "new");
        check("other", "other", "old");
        assert_eq!(definition.present_directory(None), path("old"));
    }
}
