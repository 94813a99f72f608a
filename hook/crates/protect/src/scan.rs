//! Reads what exists at and below the protected paths at one moment.

use std::collections::BTreeMap;
use std::time::Instant;

use super::entry::{Entry, Mode};
use super::limits::{MAX_DEPTH, MAX_ENTRIES, MAX_TOTAL_BYTES};
use super::project_dir::{PathError, ProjectDir, ProjectDirError, ScannedEntry};
use baton_engine::config::RelativePath;

/// The result of a scan.
#[derive(Debug, Default)]
pub struct Scan {
    /// What could be read, by path.
    pub entries: BTreeMap<RelativePath, ScannedEntry>,
    /// What could not be read. Nothing below these paths was read either.
    pub skipped: BTreeMap<RelativePath, Skipped>,
    /// The permissions of the directories above the protected paths.
    pub parents: BTreeMap<RelativePath, Mode>,
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The reason, for a user.
    pub reason: String,
    /// Whether the system refused it, so that another attempt may succeed.
    pub retryable: bool,
    /// Whether it is a directory with too many entries, each of which could be read.
    pub over_limit: bool,
}

impl From<ProjectDirError> for Skipped {
    fn from(error: ProjectDirError) -> Self {
        Self { reason: error.to_string(), retryable: matches!(error, ProjectDirError::Io(_)), over_limit: false }
    }
}

/// What may still be read before a limit is reached.
struct Budget {
    entries: usize,
    bytes: u64,
    until: Option<Instant>,
}

/// The limit that ended the scan of a protected path.
struct LimitReached(Skipped);

impl Budget {
    fn charge(&mut self, bytes: u64) -> Result<(), LimitReached> {
        let full =
            |reason: String, retryable: bool| LimitReached(Skipped { reason, retryable, over_limit: !retryable });
        if self.until.is_some_and(|until| Instant::now() > until) {
            return Err(full("there was not enough time to read it".to_owned(), true));
        }
        self.entries = self
            .entries
            .checked_sub(1)
            .ok_or_else(|| full(format!("there are more than {MAX_ENTRIES} entries"), false))?;
        self.bytes = self
            .bytes
            .checked_sub(bytes)
            .ok_or_else(|| full(format!("there are more than {MAX_TOTAL_BYTES} bytes"), false))?;
        Ok(())
    }
}

impl Scan {
    /// Scans the protected paths until the deadline. Leaves out the paths that `skips` names.
    #[must_use]
    pub fn run(
        dir: &ProjectDir,
        paths: &[RelativePath],
        skips: impl Fn(&RelativePath) -> bool,
        until: Option<Instant>,
    ) -> Self {
        let mut scan = Self::default();
        let mut budget = Budget { entries: MAX_ENTRIES, bytes: MAX_TOTAL_BYTES, until };
        for path in paths {
            for above in path.above() {
                if let Ok(Some(ScannedEntry { entry: Entry::Directory { mode }, .. })) = dir.read_entry(&above) {
                    scan.parents.insert(above, mode);
                }
            }
            let before: Vec<RelativePath> = scan.entries.keys().cloned().collect();
            if let Err(LimitReached(skipped)) = scan.walk(dir, path, &skips, &mut budget, 0) {
                // A part of a directory would later count as the complete directory.
                scan.entries.retain(|entry, _| before.contains(entry));
                scan.skipped.insert(path.clone(), skipped);
            }
        }
        scan
    }

    fn walk(
        &mut self,
        dir: &ProjectDir,
        path: &RelativePath,
        skips: &impl Fn(&RelativePath) -> bool,
        budget: &mut Budget,
        depth: usize,
    ) -> Result<(), LimitReached> {
        if skips(path) || self.entries.contains_key(path) {
            return Ok(());
        }
        let found = match dir.read_entry(path) {
            Ok(None) => return Ok(()),
            Ok(Some(found)) => found,
            Err(error) => {
                self.skipped.insert(path.clone(), error.into());
                return Ok(());
            }
        };
        budget.charge(length(&found))?;
        let is_directory = matches!(found.entry, Entry::Directory { .. });
        self.entries.insert(path.clone(), found);
        if !is_directory {
            return Ok(());
        }
        if depth >= MAX_DEPTH {
            return Err(LimitReached(Skipped {
                reason: format!("it is deeper than {MAX_DEPTH} directories"),
                retryable: false,
                over_limit: true,
            }));
        }
        let names = match dir.list_names(path) {
            Ok(names) => names,
            Err(error) => {
                self.entries.remove(path);
                self.skipped.insert(path.clone(), error.into());
                return Ok(());
            }
        };
        for name in names {
            let below =
                path.join(&name).ok_or_else(|| LimitReached(ProjectDirError::from(PathError::NotUtf8).into()))?;
            self.walk(dir, &below, skips, budget, depth + 1)?;
        }
        Ok(())
    }

    /// Scans only these paths if a protected path has grown too large to be scanned completely, so that its saved
    /// files can be restored nevertheless.
    #[must_use]
    pub fn with_known_paths<'a>(
        mut self,
        dir: &ProjectDir,
        known: impl Iterator<Item = &'a RelativePath>,
        until: Option<Instant>,
    ) -> Self {
        let mut budget = Budget { entries: MAX_ENTRIES, bytes: MAX_TOTAL_BYTES, until };
        for path in known {
            if self.entries.contains_key(path) {
                continue;
            }
            let over_limit = |(skipped, why): (&RelativePath, &Skipped)| why.over_limit && path.is_at_or_below(skipped);
            if !self.skipped.iter().any(over_limit) {
                continue;
            }
            match dir.read_entry(path) {
                Ok(None) => {}
                Ok(Some(found)) => match budget.charge(length(&found)) {
                    Ok(()) => drop(self.entries.insert(path.clone(), found)),
                    Err(LimitReached(skipped)) => {
                        drop(self.skipped.insert(path.clone(), Skipped { over_limit: false, ..skipped }))
                    }
                },
                Err(error) => drop(self.skipped.insert(path.clone(), error.into())),
            }
        }
        self
    }

    /// Returns why a path is unknown: it, or a path above it, could not be read.
    #[must_use]
    pub fn skipped_at(&self, path: &RelativePath) -> Option<&Skipped> {
        let mut skipped = self.skipped.iter();
        skipped.find(|(skipped, why)| !why.over_limit && path.is_at_or_below(skipped)).map(|(_, why)| why)
    }
}

fn length(found: &ScannedEntry) -> u64 {
    found.content.as_ref().map_or(0, |content| u64::try_from(content.len()).unwrap_or(u64::MAX))
}
