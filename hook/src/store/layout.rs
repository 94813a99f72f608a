//! Where everything stands in the state directory.

use std::path::{Path, PathBuf};

use agent_baton_core::decision::Shelf;
use agent_baton_core::id::{RunId, SessionId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::file;

/// The first 16 bytes of a SHA-256, as 32 hex digits: safe as a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Hash(String);

impl Hash {
    pub(super) fn of(bytes: &[u8]) -> Self {
        use std::fmt::Write;
        let mut text = String::with_capacity(32);
        for byte in Sha256::digest(bytes).iter().take(16) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 32 && text.bytes().all(hex) { Ok(Self(text)) } else { Err("is not a hash of 32 hex digits") }
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.0
    }
}

/// By what a small file of links is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LinkKind {
    Process,
    Pane,
    Project,
    Name,
}

/// A file that a commit can write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Target {
    Session { shelf: Shelf, id: SessionId },
    Run { shelf: Shelf, id: RunId },
    Links { by: LinkKind, hash: Hash },
    Roll,
}

impl Target {
    /// Whether both are one record, on whatever shelf.
    pub(super) fn is_same_record(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Session { id, .. }, Self::Session { id: other, .. }) => id == other,
            (Self::Run { id, .. }, Self::Run { id: other, .. }) => id == other,
            _ => false,
        }
    }
}

/// The paths below one state directory.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The directories that stand in a state directory: nothing is made beside them but files.
    pub(super) const DIRS: [&'static str; 15] = [
        "sessions",
        "runs",
        "loops",
        "projects",
        "protected",
        "conversations",
        "progress",
        "with",
        "index",
        "archive",
        "audit",
        "trash",
        "due",
        "cache",
        "inbox",
    ];

    fn at(&self, name: &str) -> PathBuf {
        #[cfg(test)]
        tests::is_listed(name);
        self.root.join(name)
    }

    pub(super) fn format(&self) -> PathBuf {
        self.at("format")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.at("lock")
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.at("commit.json")
    }

    /// The new version of a commit's entry, by its place in the commit. The names are few and always the same, so what a
    /// crash leaves behind is written over by the next commit. They stand beside commit.json, so that one sync of one
    /// directory makes both durable.
    pub(super) fn temp(&self, entry: usize) -> PathBuf {
        self.at(&format!("commit.{entry}.tmp"))
    }

    /// The temporary file of a single file, written under the lock.
    pub(super) fn temp_of(&self, name: &str) -> PathBuf {
        self.at(&format!("{name}.tmp"))
    }

    pub(super) fn inbox(&self) -> PathBuf {
        self.at("inbox")
    }

    pub(super) fn aside(&self) -> PathBuf {
        self.at("archive/aside")
    }

    pub(super) fn audit_dir(&self) -> PathBuf {
        self.at("audit")
    }

    /// An audit file: 0 is written to, 1 is the newest of the old ones.
    pub(super) fn audit(&self, age: usize) -> PathBuf {
        match age {
            0 => self.at("audit/audit.jsonl"),
            _ => self.at(&format!("audit/audit.{age}.jsonl")),
        }
    }

    /// The file that says that every record is in the index.
    pub(super) fn index_whole(&self) -> PathBuf {
        self.at("index/whole")
    }

    /// The sessions that came to a shelf on a day (days since 1970-01-01 UTC), an id a line: what retention looks at when they are due.
    pub(super) fn due(&self, shelf: Shelf, day: u64) -> PathBuf {
        let shelf = if shelf == Shelf::Trash { "trash" } else { "archive" };
        self.due_dir().join(format!("{shelf}-{day}"))
    }

    pub(super) fn due_dir(&self) -> PathBuf {
        self.at("due")
    }

    /// What was read elsewhere and may be read again.
    pub(super) fn memory(&self, name: &'static str) -> PathBuf {
        self.memory_dir().join(format!("{name}.json"))
    }

    /// Always the same: what a crash leaves behind is written over.
    pub(super) fn memory_temp(&self, name: &'static str) -> PathBuf {
        self.memory_dir().join(format!("{name}.tmp"))
    }

    pub(super) fn memory_dir(&self) -> PathBuf {
        self.at("cache")
    }

    pub(super) fn log(&self, shelf: Shelf, id: &SessionId) -> PathBuf {
        self.sessions(shelf).join(format!("{id}.log"))
    }

    pub(super) fn commands(&self) -> PathBuf {
        self.at("with")
    }

    /// The log of a run for a person.
    pub(super) fn progress(&self, run: &RunId) -> PathBuf {
        self.at(&format!("progress/progress-{run}.txt"))
    }

    pub(super) fn progress_archive(&self) -> PathBuf {
        self.at("archive/progress")
    }

    /// What was said in a session, and is kept.
    pub(super) fn conversation(&self, id: &SessionId) -> PathBuf {
        self.at("conversations").join(id.as_str())
    }

    pub(super) fn sessions(&self, shelf: Shelf) -> PathBuf {
        self.at(match shelf {
            Shelf::Live => "sessions",
            Shelf::Archive => "archive/sessions",
            Shelf::Trash => "trash/sessions",
        })
    }

    pub(super) fn runs(&self, shelf: Shelf) -> PathBuf {
        self.at(match shelf {
            Shelf::Live => "runs",
            Shelf::Archive => "archive/runs",
            Shelf::Trash => "trash/runs",
        })
    }

    pub(super) fn loops(&self) -> PathBuf {
        self.at("loops")
    }

    pub(super) fn loop_texts(&self, id: &RunId) -> PathBuf {
        self.loops().join(format!("{id}.json"))
    }

    pub(super) fn loop_lock(&self, id: &RunId) -> PathBuf {
        self.loops().join(format!("{id}.lock"))
    }

    pub(super) fn links(&self, by: LinkKind) -> PathBuf {
        self.at(match by {
            LinkKind::Process | LinkKind::Pane | LinkKind::Name => "index",
            LinkKind::Project => "projects",
        })
    }

    /// The directories with what is kept of projects' protected files.
    pub(super) fn vaults(&self) -> PathBuf {
        self.at("protected")
    }

    /// What is kept of one project's protected files.
    pub(super) fn vault(&self, project: &Hash) -> PathBuf {
        self.vaults().join(project.as_str())
    }

    /// The directory and the path of a target.
    pub(super) fn target(&self, target: &Target) -> (PathBuf, PathBuf) {
        let (dir, name) = match target {
            Target::Session { shelf, id } => (self.sessions(*shelf), format!("{id}.json")),
            Target::Run { shelf, id } => (self.runs(*shelf), format!("{id}.json")),
            Target::Links { by, hash } => (self.links(*by), link_name(*by, hash)),
            Target::Roll => (self.at("index"), "roll.json".to_owned()),
        };
        let path = dir.join(name);
        (dir, path)
    }

    /// Makes every directory that a commit needs.
    pub(super) fn make_dirs(&self) -> Result<(), StoreError> {
        let dirs =
            ["sessions", "runs", "projects", "index", "audit", "archive/sessions", "archive/runs", "archive/aside"];
        dirs.iter().try_for_each(|dir| file::make_dir(&self.at(dir)))
    }
}

impl Layout {
    /// Makes the directories of what a person deletes and what is not kept any longer: most states never need them.
    pub(super) fn make_trash(&self) -> Result<(), StoreError> {
        file::make_dir(&self.sessions(Shelf::Trash))
    }
}

/// The name of a file of links.
pub(super) fn link_name(by: LinkKind, hash: &Hash) -> String {
    let hash = hash.as_str();
    match by {
        LinkKind::Process => format!("process-{hash}.json"),
        LinkKind::Pane => format!("pane-{hash}.json"),
        LinkKind::Project => format!("{hash}.json"),
        LinkKind::Name => format!("name-{hash}.json"),
    }
}

/// The ids among the file names of a directory of records.
pub(super) fn ids<T: std::str::FromStr>(names: &[String]) -> impl Iterator<Item = T> {
    names.iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::Layout;

    /// Whatever a test makes is in a directory that is listed, or is one of the few files beside them.
    pub(super) fn is_listed(name: &str) {
        let top = name.split('/').next().unwrap();
        let is_file = ["format", "lock", "commit.json"].contains(&top) || top.ends_with(".tmp");
        assert!(is_file || Layout::DIRS.contains(&top), "{top} is not in the list of directories");
    }
}
