//! What has to be done so that the protected files are as they were saved.

use std::collections::BTreeMap;

use super::entry::Entry;
use super::project_dir::ScannedEntry;
use super::scan::Scan;
use super::tar_archive::Manifest;
use baton_engine::config::RelativePath;

/// Who may have changed what stands there.
///
/// Nobody can see who wrote a file. What can be known is whether a session was there to do it: as long as one was, the change is
/// the sessions', and is undone; a change from a time when none was there is someone else's, and is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeEvidence {
    /// Sessions were there until now.
    SessionsUntilNow,
    /// The last one had left when this was seen; what differs from it came later.
    SeenAtExit(BTreeMap<RelativePath, Entry>),
    /// None has been there since this moment, in milliseconds since 1970.
    NoSessionsSince(u64),
}

impl ChangeEvidence {
    /// Whether what stands there is the sessions' work, and may go once it is kept.
    fn is_by_sessions(&self, path: &RelativePath, found: &ScannedEntry) -> bool {
        match self {
            Self::SessionsUntilNow => true,
            Self::SeenAtExit(seen) => seen.get(path) == Some(&found.entry),
            Self::NoSessionsSince(moment) => found.stamp.changed_ms() < *moment,
        }
    }
}

/// What has to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RestorePlan {
    /// What is put in place, parents first.
    pub write: Vec<RelativePath>,
    /// What has to go, parents first.
    pub remove: Vec<RelativePath>,
    /// What stays though it is not as it was saved, with the reason.
    pub kept: BTreeMap<RelativePath, String>,
    /// What could not be looked at now.
    pub failed: BTreeMap<RelativePath, String>,
}

const CHANGED_BY_SOMEONE_ELSE: &str = "it was changed when no session was here";

impl RestorePlan {
    /// Compares what was saved with what stands there.
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
            // A directory goes by what is in it: its own time changes with every file, its permissions where a call was cut off.
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
                // Only its permissions differ, and a call that was cut off leaves them so.
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

    /// Whether there is nothing to do and nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.write.is_empty() && self.remove.is_empty() && self.kept.is_empty() && self.failed.is_empty()
    }

    /// The paths at which something stands that goes or is replaced: it must be kept first.
    pub fn overwrites<'a>(&'a self, scan: &'a Scan) -> impl Iterator<Item = (&'a RelativePath, &'a ScannedEntry)> {
        self.remove.iter().chain(&self.write).filter_map(|path| scan.entries.get_key_value(path))
    }
}
