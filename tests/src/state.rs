//! Reads the state directory from outside: the records in their published form, everything else as bytes.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use agent_baton_core::run::Run;
use agent_baton_core::session::Session;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The content of a state directory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Every file, by its path in the directory.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

/// A record, and whether it is in the archive.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept<T> {
    /// The record.
    pub record: T,
    /// Whether it is archived.
    pub archived: bool,
}

impl State {
    /// Reads the whole directory. A missing directory is empty.
    #[must_use]
    pub fn read(dir: &Path) -> Self {
        let mut state = Self::default();
        state.walk(dir, Path::new(""));
        state
    }

    fn walk(&mut self, dir: &Path, inside: &Path) {
        let Ok(entries) = std::fs::read_dir(dir.join(inside)) else {
            return;
        };
        for entry in entries {
            let entry = entry.unwrap();
            let path = inside.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                self.walk(dir, &path);
            } else if let Ok(bytes) = std::fs::read(entry.path()) {
                // A file may disappear while another process commits.
                self.files.insert(path, bytes);
            }
        }
    }

    fn records<T: DeserializeOwned>(&self, location: &str) -> Vec<Kept<T>> {
        let archive = Path::new("archive").join(location);
        let is_record = |path: &Path| path.extension().is_some_and(|ext| ext == "json");
        let mut records = Vec::new();
        for (path, bytes) in self.files.iter().filter(|(path, _)| is_record(path)) {
            let archived = path.starts_with(&archive);
            if archived || path.starts_with(location) {
                let record = serde_json::from_slice(bytes);
                let record = record.unwrap_or_else(|error| panic!("{} is no whole record: {error}", path.display()));
                records.push(Kept { record, archived });
            }
        }
        records
    }

    /// Returns the sessions.
    #[must_use]
    pub fn sessions(&self) -> Vec<Kept<Session>> {
        self.records("sessions")
    }

    /// Returns the runs.
    #[must_use]
    pub fn runs(&self) -> Vec<Kept<Run>> {
        self.records("runs")
    }

    /// Returns the only run.
    #[must_use]
    pub fn only_run(&self) -> Run {
        let mut runs = self.runs();
        assert_eq!(runs.len(), 1);
        runs.pop().expect("one run").record
    }

    /// Returns the lines of the audit, in the order of files and lines.
    #[must_use]
    pub fn audit(&self) -> Vec<Value> {
        let files = self.files.iter().filter(|(path, _)| path.starts_with("audit"));
        files
            .flat_map(|(path, bytes)| {
                let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
                lines.map(move |line| {
                    serde_json::from_slice(line).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
                })
            })
            .collect()
    }

    /// Returns the total size of the sessions' logs, in bytes.
    #[must_use]
    pub fn logged(&self) -> usize {
        self.files
            .iter()
            .filter(|(path, _)| path.extension().is_some_and(|ext| ext == "log"))
            .map(|(_, b)| b.len())
            .sum()
    }

    /// Restores this content in a directory that has changed. A file called `lock` stays the same file, because a new
    /// one would make the state look restored from a copy.
    pub fn put_back(&self, dir: &Path) {
        if self.files.is_empty() {
            drop(std::fs::remove_dir_all(dir));
            return;
        }
        let now = Self::read(dir);
        for path in now.files.keys().filter(|path| !self.files.contains_key(*path)) {
            std::fs::remove_file(dir.join(path)).unwrap();
        }
        // The mere existence of these directories has a meaning.
        drop(std::fs::remove_dir(dir.join("inbox")));
        let conversations = dir.join("conversations");
        for entry in std::fs::read_dir(&conversations).into_iter().flatten() {
            drop(std::fs::remove_dir(entry.unwrap().path()));
        }
        drop(std::fs::remove_dir(conversations));
        for (path, bytes) in self.files.iter().filter(|(path, bytes)| now.files.get(*path) != Some(bytes)) {
            let path = dir.join(path);
            let above = path.parent().unwrap_or(dir);
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(above).unwrap();
            let mut file = std::fs::OpenOptions::new();
            let mut file = file.write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
            file.write_all(bytes).unwrap();
        }
    }

    /// Checks what must be true between any two calls: nothing is left to do, and the records are intact.
    pub fn check(&self) {
        for path in self.files.keys() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            assert!(!name.ends_with(".tmp"), "half-written: {}", path.display());
        }
        self.check_records();
    }

    /// Checks the same after a call was killed, which may leave temporary files: no commit in flight, an empty inbox
    /// and quarantine, intact records, and one owner per run.
    pub fn check_records(&self) {
        for path in self.files.keys().filter(|path| path.extension().is_none_or(|ext| ext != "tmp")) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            assert_ne!(name, "wal.json", "a commit was left");
            assert!(!path.starts_with("inbox"), "left in the inbox: {}", path.display());
            assert!(!path.starts_with("quarantine"), "quarantined: {}", path.display());
        }
        let runs = self.runs();
        for session in self.sessions() {
            for id in &session.record.runs {
                let run = runs.iter().find(|run| run.record.id == *id);
                let run =
                    run.unwrap_or_else(|| panic!("session {} names the run {id}, which is nowhere", session.record.id));
                assert!(run.record.owner.is_session(&session.record.id), "the run {id} is another session's");
            }
        }
        for (at, run) in runs.iter().enumerate() {
            assert!(!runs.iter().skip(at + 1).any(|other| other.record.id == run.record.id), "{} twice", run.record.id);
            assert!(
                run.record.history.iter().all(|old| old.fence <= run.record.fence),
                "{}: the fence shrank",
                run.record.id
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(files: &[(&str, &str)]) -> State {
        let files = files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
        State { files: files.collect() }
    }

    fn check(path: &str, holds: bool) {
        let state = state(&[(path, "{}")]);
        assert_eq!(std::panic::catch_unwind(|| state.check()).is_ok(), holds, "{path}");
    }

    #[test]
    fn leavings_are_seen() {
        check("format", true);
        check("audit/1.jsonl", true);
        check("sessions/a.json.tmp", false);
        check("wal.json", false);
        check("inbox/1", false);
        check("quarantine/1", false);
        check("sessions/a.json", false);
        check("archive/runs/a.json", false);
    }

    #[test]
    fn lines_and_logs_are_counted() {
        let state = state(&[
            ("audit/1.jsonl", "{\"n\":1}\n{\"n\":2}\n"),
            ("audit/2.jsonl", "{\"n\":3}\n"),
            ("sessions/a.log", "x\n"),
        ]);
        assert_eq!(state.audit().iter().map(|line| line["n"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(state.logged(), 2);
    }

    #[test]
    fn a_directory_that_is_not_there_is_empty() {
        assert_eq!(State::read(Path::new("/nonexistent")), State::default());
    }
}
