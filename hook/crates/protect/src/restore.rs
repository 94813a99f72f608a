//! Restores files. Each file is replaced atomically, so an interrupted call leaves the old file or the new one, never
//! a part of it.

use std::collections::BTreeMap;

use super::entry::{Entry, Mode};
use super::project_dir::{PathError, ProjectDir, ProjectDirError, ScannedEntry};
use super::restore_plan::RestorePlan;
use super::scan::Scan;
use super::tar_archive::FileArchive;
use baton_engine::config::RelativePath;

/// The result of carrying out a plan.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RestoreOutcome {
    /// The paths that were restored.
    pub restored: Vec<RelativePath>,
    /// The paths that did not exist when the files were saved, and were removed.
    pub removed: Vec<RelativePath>,
    /// The paths that were left alone although they differ from the backup, with the reason.
    pub kept: BTreeMap<RelativePath, String>,
    /// The paths at which the system refused the operation, with the reason. Another attempt may succeed.
    pub failed: BTreeMap<RelativePath, String>,
}

impl RestoreOutcome {
    fn record_failure(&mut self, path: &RelativePath, error: &ProjectDirError) {
        let list = match error {
            ProjectDirError::Path(_) => &mut self.kept,
            ProjectDirError::Io(_) => &mut self.failed,
        };
        list.insert(path.clone(), error.to_string());
    }

    /// Returns whether the operation failed at this path.
    fn has_failed(&self, path: &RelativePath) -> bool {
        self.kept.contains_key(path) || self.failed.contains_key(path)
    }
}

/// Carries out a plan. Everything that it replaces or removes must be in the history already.
#[must_use]
pub fn apply(dir: &ProjectDir, plan: &RestorePlan, backup: &FileArchive, scan: &Scan) -> RestoreOutcome {
    let mut outcome =
        RestoreOutcome { kept: plan.kept.clone(), failed: plan.failed.clone(), ..RestoreOutcome::default() };
    let opened = make_directories_writable(dir, plan, scan);
    for path in plan.remove.iter().rev() {
        let Some(found) = scan.entries.get(path) else { continue };
        match dir.remove(path, found) {
            Ok(()) => outcome.removed.push(path.clone()),
            Err(error) => outcome.record_failure(path, &error),
        }
    }
    for path in &plan.write {
        // The failure that blocks this path is reported already.
        if outcome.has_failed(path) {
            continue;
        }
        match restore_entry(dir, path, backup, scan, plan) {
            Ok(()) => outcome.restored.push(path.clone()),
            Err(error) => outcome.record_failure(path, &error),
        }
    }
    // Set permissions last, because no file can be created in a read-only directory.
    for (path, mode) in &opened {
        if !outcome.removed.contains(path)
            && !backup.manifest.entries.contains_key(path)
            && let Err(error) = dir.set_mode(path, *mode)
        {
            outcome.record_failure(path, &error);
        }
    }
    for (path, mode) in directories(backup).rev() {
        let differs = |found: &ScannedEntry| found.entry != Entry::Directory { mode };
        let wanted =
            plan.write.contains(path) || opened.contains_key(path) || scan.entries.get(path).is_some_and(differs);
        if wanted
            && !outcome.has_failed(path)
            && let Err(error) = dir.set_mode(path, mode)
        {
            outcome.restored.retain(|given| given != path);
            outcome.record_failure(path, &error);
        }
    }
    outcome.removed.retain(|path| !outcome.restored.contains(path));
    outcome
}

/// Gives the owner write permission for each directory in which something is created or removed, and returns the
/// original permissions. If the call is interrupted, the next one restores them.
fn make_directories_writable(dir: &ProjectDir, plan: &RestorePlan, scan: &Scan) -> BTreeMap<RelativePath, Mode> {
    let is_above = |above: &RelativePath, path: &RelativePath| path != above && path.is_at_or_below(above);
    let mut opened = BTreeMap::new();
    for (path, found) in &scan.entries {
        let Entry::Directory { mode } = found.entry else { continue };
        let acts = plan.write.iter().chain(&plan.remove).any(|acted| is_above(path, acted));
        // If this fails, the operations in the directory also fail and report it.
        if acts && mode.writable() != mode && dir.set_mode(path, mode.writable()).is_ok() {
            opened.insert(path.clone(), mode);
        }
    }
    opened
}

fn directories(backup: &FileArchive) -> impl DoubleEndedIterator<Item = (&RelativePath, Mode)> {
    backup.manifest.entries.iter().filter_map(|(path, entry)| match entry {
        Entry::Directory { mode } => Some((path, *mode)),
        _ => None,
    })
}

fn restore_entry(
    dir: &ProjectDir,
    path: &RelativePath,
    backup: &FileArchive,
    scan: &Scan,
    plan: &RestorePlan,
) -> Result<(), ProjectDirError> {
    let entry = backup.manifest.entries.get(path).ok_or(PathError::ChangedMeanwhile)?;
    for above in path.above() {
        let mode = backup.manifest.parents.get(&above);
        if let Some(mode) = mode.filter(|_| matches!(dir.read_entry(&above), Ok(None))) {
            dir.make_directory(&above, *mode)?;
        }
    }
    if let Entry::Directory { mode } = entry {
        return dir.make_directory(path, mode.writable());
    }
    let content = backup.files.get(path).map(Vec::as_slice).unwrap_or_default();
    let stands = scan.entries.get(path).filter(|_| !plan.remove.contains(path));
    dir.write_entry(path, entry, content, stands.map(|found| found.stamp))
}
