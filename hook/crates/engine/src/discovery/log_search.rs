//! Finds progress logs below directories, except in directories that hold none.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use baton_system::lock_table::FileId;

/// Directories that are skipped. The list is ralphex's. Other hidden directories are searched, because the logs are
/// in `.ralphex/progress`.
const SKIPPED_DIRS: [&str; 12] = [
    ".git",
    ".idea",
    ".vscode",
    ".cache",
    ".npm",
    ".yarn",
    "node_modules",
    "vendor",
    "__pycache__",
    "target",
    "build",
    "dist",
];

/// The maximum number of directory entries that are visited.
const MAX_ENTRIES: usize = 400_000;

/// The maximum number of logs.
pub(super) const MAX_LOGS: usize = 20_000;

/// The maximum number of problems that are remembered.
const MAX_PROBLEMS: usize = 100;

/// A progress log.
#[derive(Debug)]
pub(super) struct FoundLog {
    /// The canonical path.
    pub(super) path: PathBuf,
    pub(super) file: FileId,
    pub(super) meta: Metadata,
}

/// The result of a search.
#[derive(Debug, Default)]
pub(super) struct LogSearch {
    /// The logs, each once.
    pub(super) logs: Vec<FoundLog>,
    /// Whether a limit ended the search early.
    pub(super) partial: bool,
    /// What could not be searched or followed, and why.
    pub(super) problems: Vec<String>,
    seen: HashSet<FileId>,
    entries: usize,
}

/// Returns whether a file of this name is a progress log.
#[must_use]
pub(super) fn is_log(name: &str) -> bool {
    name.starts_with("progress-") && name.ends_with(".txt")
}

impl LogSearch {
    /// Searches these directories, which must be canonical paths. Skips a directory that cannot be read.
    pub(super) fn run(roots: &[PathBuf], until: Instant) -> Self {
        let mut search = Self::default();
        let mut dirs: Vec<PathBuf> = roots.to_vec();
        while let Some(dir) = dirs.pop() {
            if Instant::now() >= until || search.is_full() {
                search.partial = true;
                break;
            }
            search.search_directory(&dir, &mut dirs);
        }
        // Compare the bytes of the paths: comparing component by component takes longer than the search.
        search.logs.sort_unstable_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
        search
    }

    /// Searches a directory alone, and not those below.
    pub(super) fn in_directory(directory: &Path) -> Self {
        let mut search = Self::default();
        search.search_directory(directory, &mut Vec::new());
        search
    }

    /// Searches these directories alone, and not those below.
    pub(super) fn in_directories(directories: &BTreeSet<PathBuf>) -> Self {
        let mut search = Self::default();
        directories.iter().for_each(|dir| search.search_directory(dir, &mut Vec::new()));
        search
    }

    pub(super) const fn is_full(&self) -> bool {
        self.logs.len() >= MAX_LOGS || self.entries >= MAX_ENTRIES
    }

    fn search_directory(&mut self, dir: &Path, dirs: &mut Vec<PathBuf>) {
        let read = match fs::read_dir(dir) {
            Ok(read) => read,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    self.add_problem(format!("cannot read the directory {}: {error}", dir.display()));
                }
                return;
            }
        };
        for entry in read.flatten() {
            self.entries += 1;
            if self.is_full() {
                return;
            }
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // Do not follow a link to a directory: its target has a path of its own.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && is_searched(&name) => dirs.push(entry.path()),
                Ok(kind) if kind.is_file() && is_log(&name) => self.add(entry.path(), entry.metadata()),
                Ok(kind) if kind.is_symlink() && is_log(&name) => self.add_link_target(&entry.path()),
                Ok(kind) if !kind.is_dir() && is_log(&name) => self.add_problem(refusal(&entry.path())),
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn add_problem(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Adds the target of a link to a log.
    fn add_link_target(&mut self, link: &Path) {
        let Ok(path) = fs::canonicalize(link) else { return };
        match fs::symlink_metadata(&path) {
            Ok(meta) if !meta.is_file() => self.add_problem(refusal(link)),
            meta => self.add(path, meta),
        }
    }

    fn add(&mut self, path: PathBuf, meta: io::Result<Metadata>) {
        // What vanished meanwhile is no log.
        let Ok(meta) = meta else { return };
        if !meta.is_file() {
            self.add_problem(refusal(&path));
            return;
        }
        let file = FileId::from_metadata(&meta);
        if self.seen.insert(file) {
            self.logs.push(FoundLog { path, file, meta });
        }
    }
}

fn refusal(path: &Path) -> String {
    format!("{} is not read as a progress log: it is not a regular file", path.display())
}

/// Returns whether a directory of this name is searched.
#[must_use]
pub(super) fn is_searched(name: &str) -> bool {
    !SKIPPED_DIRS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_logs() {
        for (name, expected) in [
            ("progress-a.txt", true),
            ("progress-.txt", true),
            ("progress.txt", false),
            ("progress-a.log", false),
            ("my-progress-a.txt", false),
            ("progress-a.txt.bak", false),
            ("", false),
        ] {
            assert_eq!(is_log(name), expected, "{name}");
        }
    }
}
