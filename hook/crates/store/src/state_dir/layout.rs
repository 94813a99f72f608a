//! The paths of everything in the state directory.

use std::path::{Path, PathBuf};

use agent_baton_core::decision::Location;
use agent_baton_core::id::{RunId, SessionId};
use baton_fs::hash::HexDigest;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::file;

/// A digest of 32 digits.
pub(crate) type Hash = HexDigest<16>;

/// The kind of key of an index file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IndexKind {
    Process,
    Pane,
    Project,
    Directory,
}

/// A file that a commit can write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Target {
    Session { location: Location, id: SessionId },
    Run { location: Location, id: RunId },
    Index { by: IndexKind, hash: Hash },
}

impl Target {
    /// Returns whether both are the same record, in any location.
    pub(crate) fn is_same_record(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Session { id, .. }, Self::Session { id: other, .. }) => id == other,
            (Self::Run { id, .. }, Self::Run { id: other, .. }) => id == other,
            _ => false,
        }
    }
}

/// The paths in one state directory.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The directories of a state directory. baton creates only files beside them.
    pub(crate) const DIRS: [&'static str; 16] = [
        "sessions",
        "runs",
        "loops",
        "projects",
        "protected",
        "conversations",
        "progress",
        "supervisors",
        "index",
        "archive",
        "audit",
        "trash",
        "quarantine",
        "cache",
        "inbox",
        "fleet",
    ];

    fn at(&self, name: &str) -> PathBuf {
        #[cfg(test)]
        tests::is_listed(name);
        self.root.join(name)
    }

    pub(crate) fn format(&self) -> PathBuf {
        self.at("format")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.at("lock")
    }

    pub(crate) fn wal(&self) -> PathBuf {
        self.at("wal.json")
    }

    /// Returns the path of the new version of a commit's entry, by its index in the commit. The names are few and
    /// always the same, so the next commit overwrites the remains of a crash. They are beside wal.json, so that one
    /// sync of the directory makes both durable.
    pub(crate) fn temp(&self, entry: usize) -> PathBuf {
        self.at(&format!("wal.{entry}.tmp"))
    }

    /// Returns the path of the temporary file for a single file that is written under the lock.
    pub(crate) fn temp_of(&self, name: &str) -> PathBuf {
        self.at(&format!("{name}.tmp"))
    }

    pub(crate) fn inbox(&self) -> PathBuf {
        self.at("inbox")
    }

    pub(crate) fn quarantine_dir(&self) -> PathBuf {
        self.at("quarantine")
    }

    pub(crate) fn audit_dir(&self) -> PathBuf {
        self.at("audit")
    }

    /// Returns the path of an audit file: 0 is the current one, 1 is the newest old one.
    pub(crate) fn audit(&self, age: usize) -> PathBuf {
        match age {
            0 => self.at("audit/audit.jsonl"),
            _ => self.at(&format!("audit/audit.{age}.jsonl")),
        }
    }

    /// Returns the path of the file whose presence says that the index contains every record.
    pub(crate) fn index_complete(&self) -> PathBuf {
        self.at("index/complete")
    }

    /// Returns the path of the list of sessions that moved to a location on a day (in days since 1970-01-01 UTC), with
    /// one id per line. Retention reads it when the sessions expire.
    pub(crate) fn expiry_bucket(&self, location: Location, day: u64) -> PathBuf {
        let location = if location == Location::Trash { "trash" } else { "archive" };
        self.expiry_dir().join(format!("{location}-{day}"))
    }

    pub(crate) fn expiry_dir(&self) -> PathBuf {
        self.at("index/expiry")
    }

    /// Returns the path of a cache file.
    pub(crate) fn cache_file(&self, name: &'static str) -> PathBuf {
        self.cache_dir().join(format!("{name}.json"))
    }

    /// Returns the path of a cache's temporary file. It is always the same, so the remains of a crash are overwritten.
    pub(crate) fn cache_temp(&self, name: &'static str) -> PathBuf {
        self.cache_dir().join(format!("{name}.tmp"))
    }

    pub(crate) fn cache_dir(&self) -> PathBuf {
        self.at("cache")
    }

    pub(crate) fn fleet_dir(&self) -> PathBuf {
        self.at("fleet")
    }

    pub(crate) fn fleet_file(&self, name: &'static str) -> PathBuf {
        self.fleet_dir().join(name)
    }

    /// Returns the path of a temporary file that no other call writes.
    pub(crate) fn fleet_temp(&self, name: &'static str) -> PathBuf {
        self.fleet_dir().join(format!("{name}.{}.tmp", std::process::id()))
    }

    pub(crate) fn log(&self, location: Location, id: &SessionId) -> PathBuf {
        self.sessions(location).join(format!("{id}.log"))
    }

    pub(crate) fn supervisors(&self) -> PathBuf {
        self.at("supervisors")
    }

    /// Returns the path of a run's progress log.
    pub(crate) fn progress(&self, run: &RunId) -> PathBuf {
        self.at(&format!("progress/progress-{run}.txt"))
    }

    pub(crate) fn finished_progress_dir(&self) -> PathBuf {
        self.at("archive/progress")
    }

    /// Returns the directory of a session's stored messages.
    pub(crate) fn conversation(&self, id: &SessionId) -> PathBuf {
        self.at("conversations").join(id.as_str())
    }

    pub(crate) fn sessions(&self, location: Location) -> PathBuf {
        self.at(match location {
            Location::Live => "sessions",
            Location::Archive => "archive/sessions",
            Location::Trash => "trash/sessions",
        })
    }

    pub(crate) fn runs(&self, location: Location) -> PathBuf {
        self.at(match location {
            Location::Live => "runs",
            Location::Archive => "archive/runs",
            Location::Trash => "trash/runs",
        })
    }

    pub(crate) fn loops(&self) -> PathBuf {
        self.at("loops")
    }

    pub(crate) fn loop_definition(&self, id: &RunId) -> PathBuf {
        self.loops().join(format!("{id}.json"))
    }

    pub(crate) fn loop_lock(&self, id: &RunId) -> PathBuf {
        self.loops().join(format!("{id}.lock"))
    }

    pub(crate) fn index_file(&self, by: IndexKind) -> PathBuf {
        self.at(match by {
            IndexKind::Process | IndexKind::Pane | IndexKind::Directory => "index",
            IndexKind::Project => "projects",
        })
    }

    /// Returns the directory that contains the protected files of all projects.
    pub(crate) fn protected_stores(&self) -> PathBuf {
        self.at("protected")
    }

    /// Returns the directory of one project's protected files.
    pub(crate) fn protected_store(&self, project: &Hash) -> PathBuf {
        self.protected_stores().join(project.as_str())
    }

    /// Returns the directory and the path of a target.
    pub(crate) fn target(&self, target: &Target) -> (PathBuf, PathBuf) {
        let (dir, name) = match target {
            Target::Session { location, id } => (self.sessions(*location), format!("{id}.json")),
            Target::Run { location, id } => (self.runs(*location), format!("{id}.json")),
            Target::Index { by, hash } => (self.index_file(*by), index_file_name(*by, hash)),
        };
        let path = dir.join(name);
        (dir, path)
    }

    /// Creates every directory that a commit needs.
    pub(crate) fn make_dirs(&self) -> Result<(), StoreError> {
        let dirs = ["sessions", "runs", "projects", "index", "audit", "archive/sessions", "archive/runs", "quarantine"];
        dirs.iter().try_for_each(|dir| file::make_dir(&self.at(dir)))
    }
}

impl Layout {
    /// Creates the directories of the trash, which most state directories never need.
    pub(crate) fn make_trash_dirs(&self) -> Result<(), StoreError> {
        file::make_dir(&self.sessions(Location::Trash))
    }
}

/// Returns the name of an index file.
pub(crate) fn index_file_name(by: IndexKind, hash: &Hash) -> String {
    let hash = hash.as_str();
    match by {
        IndexKind::Process => format!("process-{hash}.json"),
        IndexKind::Pane => format!("pane-{hash}.json"),
        IndexKind::Project => format!("{hash}.json"),
        IndexKind::Directory => format!("directory-{hash}.json"),
    }
}

/// Returns the ids among the file names of a directory of records.
pub(crate) fn ids<T: std::str::FromStr>(names: &[String]) -> impl Iterator<Item = T> {
    names.iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::Layout;

    /// Asserts that a name that a test created is in the list of directories, or is one of the few files beside them.
    pub(crate) fn is_listed(name: &str) {
        let top = name.split('/').next().unwrap();
        let is_file = ["format", "lock", "wal.json"].contains(&top) || top.ends_with(".tmp");
        assert!(is_file || Layout::DIRS.contains(&top), "{top} is not in the list of directories");
    }
}
