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

    /// Returns the digest that the record holds: of the prompt, the phrase and the command. It is the same on every machine
    /// to which the loop's session is handed over. The directory and the environment of the command are not in it: your
    /// approval covers them.
    #[must_use]
    pub fn digest(&self) -> String {
        let command = self.done_when.as_ref().map(|done_when| &done_when.command);
        sha256_hex(&serde_json::to_vec(&(&self.prompt, &self.until, command)).unwrap_or_default(), 16)
    }

    /// Returns the digest to compare with the one in a record. A loop that was started by version 0.1.0 or earlier has the
    /// digest of the whole `file` there.
    #[must_use]
    pub fn digest_like(&self, file: &[u8], recorded: &str) -> String {
        let of_file = sha256_hex(file, 16);
        if of_file == recorded { of_file } else { self.digest() }
    }

    /// Returns the definition for the same project in a directory of this machine. The command gets the environment of the
    /// user who picked the session up, and needs their approval.
    #[must_use]
    pub fn moved_to(&self, directory: &Path, environment: BTreeMap<String, String>) -> Self {
        let done_when = self.done_when.as_ref().map(|done_when| DoneWhen {
            command: done_when.command.clone(),
            directory: directory.to_owned(),
            // If it cannot be looked at, the command only does not follow it to another path.
            directory_id: DirectoryId::from_path(directory).ok(),
            environment,
        });
        Self { prompt: self.prompt.clone(), until: self.until.clone(), done_when, directory: directory.to_owned() }
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
    fn a_moved_loop_has_the_same_digest_and_another_text_has_not() {
        let done_when = DoneWhen {
            command: "make".into(),
            directory: "/a".into(),
            directory_id: None,
            environment: [("HOME".to_owned(), "/home/a".to_owned())].into(),
        };
        let here = LoopDefinition {
            prompt: "Go on.".into(),
            until: Some("DONE".into()),
            done_when: Some(done_when.clone()),
            directory: "/a".into(),
        };
        let there = here.moved_to(Path::new("/b"), [("HOME".to_owned(), "/home/b".to_owned())].into());
        assert_eq!(there.digest(), here.digest());
        let (file, other) = (here.to_bytes(), there.to_bytes());
        let of_file = sha256_hex(&file, 16);
        assert_eq!(here.digest_like(&file, &of_file), of_file);
        assert_eq!(there.digest_like(&other, &of_file), there.digest());
        let moved = there.done_when.as_ref().unwrap();
        assert_eq!((&*moved.directory, moved.environment["HOME"].as_str()), (Path::new("/b"), "/home/b"));
        for other in [
            LoopDefinition { prompt: "Go on!".into(), ..here.clone() },
            LoopDefinition { until: None, ..here.clone() },
            LoopDefinition { done_when: None, ..here.clone() },
            LoopDefinition { done_when: Some(DoneWhen { command: "rm".into(), ..done_when }), ..here.clone() },
        ] {
            assert_ne!(other.digest(), here.digest(), "{other:?}");
        }
    }

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
