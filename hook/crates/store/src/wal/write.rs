//! A commit of several files, all or nothing, as a list of small steps.
//!
//! 1. every new version is written and synced as a temporary file; many are synced by one call;
//! 2. wal.json is written, synced and renamed into place, and its directory synced: from here on the commit holds;
//! 3. each new version is renamed into place or each old one unlinked, the directories are synced, the audit line is
//!    appended and synced;
//! 4. wal.json is unlinked.
//!
//! Steps 3 and 4 are the redo's own: the way back from a crash is the way that every commit goes. The unlink needs no
//! sync: a wal.json that a crash brings back finds its work done.

use agent_baton_core::timestamp::Timestamp;

use crate::error::StoreError;
use crate::file;
use crate::state_dir::layout::Layout;
use crate::wal::entry::{CommitRecord, MAX_WAL_BYTES};
use crate::wal::recover::Recovery;

/// A commit, ready to be written.
pub(crate) struct PreparedCommit {
    pub(crate) wal: CommitRecord,
    /// The new version of each entry; none where it is removed.
    pub(crate) new_contents: Vec<Option<Vec<u8>>>,
}

/// One step until the commit holds; the redo's follow. Between any two the program may be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Write and sync the new version of an entry; among many, only write it.
    WriteVersion(usize),
    /// Sync the new versions, where they are many.
    SyncVersions,
    /// Write and sync wal.json under its temporary name.
    WriteWal,
    /// Rename it into place and sync the directory.
    Publish,
}

/// What became of a commit.
pub(crate) enum CommitOutcome {
    /// It is done.
    Done,
    /// It holds, but could not be brought to its end; the next holder of the lock does that.
    InFlight(StoreError),
}

/// A commit failed.
pub(crate) struct CommitFailed {
    pub(crate) source: StoreError,
    /// Whether wal.json may still stand, so that the commit may yet be redone.
    pub(crate) in_doubt: bool,
}

impl PreparedCommit {
    /// The steps that make the commit hold.
    pub(crate) fn prepare(&self) -> Vec<Step> {
        let new_contents = self.new_contents.iter().enumerate();
        let mut steps: Vec<Step> =
            new_contents.filter(|(_, version)| version.is_some()).map(|(i, _)| Step::WriteVersion(i)).collect();
        if self.syncs_whole_filesystem() {
            steps.push(Step::SyncVersions);
        }
        steps.extend([Step::WriteWal, Step::Publish]);
        steps
    }

    const fn syncs_whole_filesystem(&self) -> bool {
        file::needs_syncfs(self.new_contents.len())
    }

    /// Does one step.
    pub(crate) fn step(&self, layout: &Layout, step: Step) -> Result<(), StoreError> {
        match step {
            Step::WriteVersion(i) => {
                let bytes = self.new_contents.get(i).and_then(Option::as_deref);
                let (path, bytes) = (layout.temp(i), bytes.unwrap_or_default());
                if self.syncs_whole_filesystem() {
                    file::write(&path, bytes).map(drop)
                } else {
                    file::write_synced(&path, bytes)
                }
            }
            Step::SyncVersions => {
                let new_contents = self.new_contents.iter().enumerate().filter(|(_, version)| version.is_some());
                let paths: Vec<_> = new_contents.map(|(i, _)| layout.temp(i)).collect();
                file::sync_all(layout.root(), paths.iter().map(std::path::PathBuf::as_path))
            }
            Step::WriteWal => {
                let path = layout.temp_of("wal.json");
                let bytes =
                    serde_json::to_vec(&self.wal).map_err(|error| StoreError::io("write", &path)(error.into()))?;
                if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_WAL_BYTES) {
                    return Err(StoreError::TooLong {
                        path,
                        bytes: bytes.len(),
                        limit: usize::try_from(MAX_WAL_BYTES).unwrap_or_default(),
                    });
                }
                file::write_synced(&path, &bytes)
            }
            Step::Publish => {
                let path = layout.wal();
                std::fs::rename(layout.temp_of("wal.json"), &path)
                    .map_err(StoreError::io("rename a file to", &path))?;
                file::sync_dir(layout.root())
            }
        }
    }

    /// Does all steps. `now` stands in the names of what is set aside.
    pub(crate) fn run(
        &self,
        layout: &Layout,
        now: &Timestamp,
        reports: &mut Vec<String>,
    ) -> Result<CommitOutcome, CommitFailed> {
        let prepared = self.prepare().into_iter().try_for_each(|step| self.step(layout, step));
        if let Err(source) = prepared {
            let in_doubt = self.roll_back(layout).is_err();
            return Err(CommitFailed { source, in_doubt });
        }
        let mut redo = Recovery::new(layout, &self.wal, now, reports);
        let finished = Recovery::steps(&self.wal).into_iter().try_for_each(|step| redo.step(step));
        Ok(finished.map_or_else(CommitOutcome::InFlight, |()| CommitOutcome::Done))
    }

    /// Undoes a commit that does not hold yet. wal.json goes first: without it the rest means nothing.
    fn roll_back(&self, layout: &Layout) -> Result<(), StoreError> {
        file::remove(&layout.wal())?;
        let _ = file::remove(&layout.temp_of("wal.json"));
        for i in 0..self.new_contents.len() {
            let _ = file::remove(&layout.temp(i));
        }
        Ok(())
    }
}
