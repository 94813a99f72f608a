//! Where progress logs are: below directories, but for those in which nobody keeps any.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use baton_system::lock_table::FileId;

/// Directories that are not entered: ralphex's list. Other hidden ones are, since the logs stand in `.ralphex/progress`.
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

/// The most directory entries that are looked at.
const MAX_ENTRIES: usize = 400_000;

/// The most logs that are found.
const MAX_LOGS: usize = 20_000;

/// A log.
#[derive(Debug)]
pub(super) struct FoundLog {
    /// Its canonical path.
    pub(super) path: PathBuf,
    pub(super) file: FileId,
    pub(super) meta: Metadata,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct LogSearch {
    /// The logs, each once.
    pub(super) logs: Vec<FoundLog>,
    /// Whether the bounds cut the walk short.
    pub(super) partial: bool,
    seen: HashSet<FileId>,
    entries: usize,
}

/// Whether a file of this name is a progress log.
#[must_use]
pub(super) fn is_log(name: &str) -> bool {
    name.starts_with("progress-") && name.ends_with(".txt")
}

impl LogSearch {
    /// Walks these directories, which are canonical. One that cannot be read is passed over.
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
        // By their bytes: to compare paths part by part costs more than to walk them.
        search.logs.sort_unstable_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
        search
    }

    const fn is_full(&self) -> bool {
        self.logs.len() >= MAX_LOGS || self.entries >= MAX_ENTRIES
    }

    fn search_directory(&mut self, dir: &Path, dirs: &mut Vec<PathBuf>) {
        let Ok(read) = fs::read_dir(dir) else { return };
        for entry in read.flatten() {
            self.entries += 1;
            if self.is_full() {
                return;
            }
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // A link to a directory is not followed: what it leads to has a path of its own.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !SKIPPED_DIRS.contains(&&*name) => dirs.push(entry.path()),
                Ok(kind) if kind.is_file() && is_log(&name) => self.add(entry.path(), entry.metadata()),
                Ok(kind) if kind.is_symlink() && is_log(&name) => self.add_link_target(&entry.path()),
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// A link to a log is that log.
    fn add_link_target(&mut self, link: &Path) {
        if let Ok(path) = fs::canonicalize(link) {
            let meta = fs::symlink_metadata(&path);
            self.add(path, meta);
        }
    }

    fn add(&mut self, path: PathBuf, meta: io::Result<Metadata>) {
        let Some(meta) = meta.ok().filter(Metadata::is_file) else { return };
        let file = FileId::from_metadata(&meta);
        if self.seen.insert(file) {
            self.logs.push(FoundLog { path, file, meta });
        }
    }
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
