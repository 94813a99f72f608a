//! Giving the files back: each in one step, so that a call that is cut off leaves the old or the new one, and never half of it.

use std::collections::BTreeMap;

use super::entry::{Entry, Mode};
use super::project_dir::{PathError, ProjectDir, ProjectDirError, ScannedEntry};
use super::restore_plan::RestorePlan;
use super::scan::Scan;
use super::tar_archive::FileArchive;
use baton_engine::config::RelativePath;

/// What became of a plan.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RestoreOutcome {
    /// What was put in place.
    pub restored: Vec<RelativePath>,
    /// What was not there when the files were saved, and was taken away.
    pub removed: Vec<RelativePath>,
    /// What stays though it is not as it was saved.
    pub kept: BTreeMap<RelativePath, String>,
    /// What the system refused; another try may go well.
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

    /// Whether it came to nothing at this path.
    fn has_failed(&self, path: &RelativePath) -> bool {
        self.kept.contains_key(path) || self.failed.contains_key(path)
    }
}

/// Does what a plan says. What goes must have been kept before.
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
        // What stands in the way is told already.
        if outcome.has_failed(path) {
            continue;
        }
        match restore_entry(dir, path, backup, scan, plan) {
            Ok(()) => outcome.restored.push(path.clone()),
            Err(error) => outcome.record_failure(path, &error),
        }
    }
    // Permissions come last: a directory that was read-only takes no file.
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

/// Has their owner write in the directories in which something goes or is put; gives the permissions that they had. A call that is cut
/// off leaves them so, which the next one mends.
fn make_directories_writable(dir: &ProjectDir, plan: &RestorePlan, scan: &Scan) -> BTreeMap<RelativePath, Mode> {
    let is_above = |above: &RelativePath, path: &RelativePath| path != above && path.is_at_or_below(above);
    let mut opened = BTreeMap::new();
    for (path, found) in &scan.entries {
        let Entry::Directory { mode } = found.entry else { continue };
        let acts = plan.write.iter().chain(&plan.remove).any(|acted| is_above(path, acted));
        // Where that fails, so does what is to be done in it, which is told then.
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
