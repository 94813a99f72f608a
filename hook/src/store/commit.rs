//! A commit of several files, all or nothing, as a list of small steps.
//!
//! 1. every new version is written and synced as a temporary file; many are synced by one call;
//! 2. commit.json is written, synced and renamed into place, and its directory synced: from here on the commit holds;
//! 3. each new version is renamed into place or each old one unlinked, the directories are synced, the audit line is
//!    appended and synced;
//! 4. commit.json is unlinked.
//!
//! Steps 3 and 4 are the redo's own: the way back from a crash is the way that every commit goes. The unlink needs no
//! sync: a commit.json that a crash brings back finds its work done.

use agent_baton_core::stamp::Stamp;

use super::error::StoreError;
use super::file;
use super::journal::{Journal, MAX_JOURNAL};
use super::layout::Layout;
use super::redo::Redo;

/// The most files of a commit that are synced one by one: more than an event changes. A sync of the whole file system waits for what
/// other programs write.
const FEW: usize = 64;

/// A commit, ready to be written.
pub(super) struct Commit {
    pub(super) journal: Journal,
    /// The new version of each entry; none where it is removed.
    pub(super) versions: Vec<Option<Vec<u8>>>,
}

/// One step until the commit holds; the redo's follow. Between any two the program may be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Write and sync the new version of an entry; among many, only write it.
    Version(usize),
    /// Sync the new versions, where they are many.
    Versions,
    /// Write and sync commit.json under its temporary name.
    Journal,
    /// Rename it into place and sync the directory.
    Publish,
}

/// What became of a commit.
pub(super) enum Outcome {
    /// It is done.
    Done,
    /// It holds, but could not be brought to its end; the next holder of the lock does that.
    InFlight(StoreError),
}

/// A commit failed.
pub(super) struct Failed {
    pub(super) source: StoreError,
    /// Whether commit.json may still stand, so that the commit may yet be redone.
    pub(super) in_doubt: bool,
}

impl Commit {
    /// The steps that make the commit hold.
    pub(super) fn prepare(&self) -> Vec<Step> {
        let versions = self.versions.iter().enumerate();
        let mut steps: Vec<Step> =
            versions.filter(|(_, version)| version.is_some()).map(|(i, _)| Step::Version(i)).collect();
        if self.has_many() {
            steps.push(Step::Versions);
        }
        steps.extend([Step::Journal, Step::Publish]);
        steps
    }

    const fn has_many(&self) -> bool {
        self.versions.len() > FEW
    }

    /// Does one step.
    pub(super) fn step(&self, layout: &Layout, step: Step) -> Result<(), StoreError> {
        match step {
            Step::Version(i) => {
                let bytes = self.versions.get(i).and_then(Option::as_deref);
                let (path, bytes) = (layout.temp(i), bytes.unwrap_or_default());
                if self.has_many() { file::write(&path, bytes).map(drop) } else { file::write_synced(&path, bytes) }
            }
            Step::Versions => {
                let versions = self.versions.iter().enumerate().filter(|(_, version)| version.is_some());
                let paths: Vec<_> = versions.map(|(i, _)| layout.temp(i)).collect();
                file::sync_many(layout.root(), paths.iter().map(std::path::PathBuf::as_path))
            }
            Step::Journal => {
                let path = layout.temp_of("commit.json");
                let bytes =
                    serde_json::to_vec(&self.journal).map_err(|error| StoreError::io("write", &path)(error.into()))?;
                if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_JOURNAL) {
                    return Err(StoreError::TooLong {
                        path,
                        bytes: bytes.len(),
                        limit: usize::try_from(MAX_JOURNAL).unwrap_or_default(),
                    });
                }
                file::write_synced(&path, &bytes)
            }
            Step::Publish => {
                let path = layout.journal();
                std::fs::rename(layout.temp_of("commit.json"), &path)
                    .map_err(StoreError::io("rename a file to", &path))?;
                file::sync_dir(layout.root())
            }
        }
    }

    /// Does all steps. `now` stands in the names of what is set aside.
    pub(super) fn run(&self, layout: &Layout, now: &Stamp, reports: &mut Vec<String>) -> Result<Outcome, Failed> {
        let prepared = self.prepare().into_iter().try_for_each(|step| self.step(layout, step));
        if let Err(source) = prepared {
            let in_doubt = self.take_back(layout).is_err();
            return Err(Failed { source, in_doubt });
        }
        let mut redo = Redo::new(layout, &self.journal, now, reports);
        let finished = Redo::steps(&self.journal).into_iter().try_for_each(|step| redo.step(step));
        Ok(finished.map_or_else(Outcome::InFlight, |()| Outcome::Done))
    }

    /// Undoes a commit that does not hold yet. commit.json goes first: without it the rest means nothing.
    fn take_back(&self, layout: &Layout) -> Result<(), StoreError> {
        file::remove(&layout.journal())?;
        let _ = file::remove(&layout.temp_of("commit.json"));
        for i in 0..self.versions.len() {
            let _ = file::remove(&layout.temp(i));
        }
        Ok(())
    }
}
