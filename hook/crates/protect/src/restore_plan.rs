//! Plans how to bring the protected files back to their saved state.

use std::collections::BTreeMap;

use super::entry::Entry;
use super::project_dir::ScannedEntry;
use super::scan::Scan;
use super::tar_archive::Manifest;
use baton_engine::config::RelativePath;

/// The evidence of who changed the files.
///
/// baton cannot tell who wrote a file. It only knows whether a session was present that could have done it. A change
/// made while a session was present counts as the session's and is undone. A change made while none was present is
/// someone else's and is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeEvidence {
    /// Sessions were present until now.
    SessionsUntilNow,
    /// This is what existed when the last session had left. Differences from it came later.
    SeenAtExit(BTreeMap<RelativePath, Entry>),
    /// No session has been present since this time, in milliseconds since 1970.
    NoSessionsSince(u64),
}

impl ChangeEvidence {
    /// Returns whether what exists at the path is the sessions' work, and may be removed once it is in the history.
    fn is_by_sessions(&self, path: &RelativePath, found: &ScannedEntry) -> bool {
        match self {
            Self::SessionsUntilNow => true,
            Self::SeenAtExit(seen) => seen.get(path) == Some(&found.entry),
            Self::NoSessionsSince(moment) => found.stamp.changed_ms() < *moment,
        }
    }
}

/// The steps of a restore.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RestorePlan {
    /// The paths to write, parents first.
    pub write: Vec<RelativePath>,
    /// The paths to remove, parents first.
    pub remove: Vec<RelativePath>,
    /// The paths to leave alone although they differ from the backup, with the reason.
    pub kept: BTreeMap<RelativePath, String>,
    /// The paths that could not be read now.
    pub failed: BTreeMap<RelativePath, String>,
}

const CHANGED_BY_SOMEONE_ELSE: &str = "it was changed while no session was open here";

impl RestorePlan {
    /// Compares the backup with what exists now.
    #[must_use]
    pub fn new(backup: &Manifest, scan: &Scan, evidence: &ChangeEvidence) -> Self {
        let mut plan = Self::default();
        for (path, skipped) in &scan.skipped {
            let list = if skipped.retryable { &mut plan.failed } else { &mut plan.kept };
            list.insert(path.clone(), skipped.reason.clone());
        }
        let is_directory = |entry: &Entry| matches!(entry, Entry::Directory { .. });
        for (path, found) in &scan.entries {
            let fits = backup.entries.get(path).is_some_and(|entry| is_directory(entry) == is_directory(&found.entry));
            if fits {
                continue;
            }
            // Judge a directory by its entries: every file in it changes its times, and an interrupted call changes
            // its permissions.
            let may_go = match evidence {
                ChangeEvidence::NoSessionsSince(_) if is_directory(&found.entry) => true,
                ChangeEvidence::SeenAtExit(seen) if is_directory(&found.entry) => {
                    seen.get(path).is_some_and(is_directory)
                }
                _ => evidence.is_by_sessions(path, found),
            };
            if may_go {
                plan.remove.push(path.clone());
            } else {
                plan.kept.insert(path.clone(), CHANGED_BY_SOMEONE_ELSE.to_owned());
            }
        }
        for (path, entry) in &backup.entries {
            if scan.skipped_at(path).is_some() {
                continue;
            }
            match scan.entries.get(path) {
                Some(found) if found.entry == *entry => {}
                // Only its permissions differ, and an interrupted call may have left them so.
                Some(found) if is_directory(&found.entry) && is_directory(entry) => plan.write.push(path.clone()),
                Some(_) if plan.kept.contains_key(path) => {}
                Some(found) if !plan.remove.contains(path) && !evidence.is_by_sessions(path, found) => {
                    plan.kept.insert(path.clone(), CHANGED_BY_SOMEONE_ELSE.to_owned());
                }
                _ => plan.write.push(path.clone()),
            }
        }
        plan
    }

    /// Returns whether there is nothing to do and nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.write.is_empty() && self.remove.is_empty() && self.kept.is_empty() && self.failed.is_empty()
    }

    /// Returns what exists at the paths that will be replaced or removed. It must be stored in the history first.
    pub fn overwrites<'a>(&'a self, scan: &'a Scan) -> impl Iterator<Item = (&'a RelativePath, &'a ScannedEntry)> {
        self.remove.iter().chain(&self.write).filter_map(|path| scan.entries.get_key_value(path))
    }
}
