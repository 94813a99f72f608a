//! Writes a commit of several files atomically, as a list of small steps.
//!
//! 1. Every new version is written as a temporary file and synced. Many files are synced by one call.
//! 2. wal.json is written, synced and renamed into place, and its directory is synced. From here on the commit is
//!    valid.
//! 3. Each new version is renamed into place, and each removed file is unlinked. The directories are synced. The audit
//!    line is appended and synced.
//! 4. wal.json is unlinked.
//!
//! Recovery performs steps 3 and 4, so every commit takes the same path as the recovery from a crash. The unlink needs
//! no sync, because a wal.json that a crash restores finds its work done.

use agent_baton_core::timestamp::Timestamp;

use crate::error::StoreError;
use crate::file;
use crate::state_dir::layout::Layout;
use crate::wal::entry::{CommitRecord, MAX_WAL_BYTES};
use crate::wal::recover::Recovery;

/// A commit that is ready to be written.
pub(crate) struct PreparedCommit {
    pub(crate) wal: CommitRecord,
    /// The new version of each entry, or `None` if the entry is removed.
    pub(crate) new_contents: Vec<Option<Vec<u8>>>,
}

/// One step until the commit is valid. The steps of recovery follow. The program may be killed between any two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Writes and syncs the new version of an entry. Among many entries, it only writes it.
    WriteVersion(usize),
    /// Syncs the new versions if they are many.
    SyncVersions,
    /// Writes and syncs wal.json under its temporary name.
    WriteWal,
    /// Renames wal.json into place and syncs the directory.
    Publish,
}

/// The result of a commit.
pub(crate) enum CommitOutcome {
    /// It is complete.
    Done,
    /// It is valid but could not be completed. The next holder of the lock completes it.
    InFlight(StoreError),
}

/// A failed commit.
pub(crate) struct CommitFailed {
    pub(crate) source: StoreError,
    /// Whether wal.json may still exist, so that recovery may still complete the commit.
    pub(crate) in_doubt: bool,
}

impl PreparedCommit {
    /// Returns the steps that make the commit valid.
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

    /// Performs one step.
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
                file::write_synced(&path, &file::to_json(&path, &self.wal, MAX_WAL_BYTES)?)
            }
            Step::Publish => {
                let path = layout.wal();
                file::rename(&layout.temp_of("wal.json"), &path)?;
                file::sync_dir(layout.root())
            }
        }
    }

    /// Performs all steps. `now` becomes part of the names of files in quarantine.
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
        let mut recovery = Recovery::new(layout, &self.wal, now, reports);
        let finished = Recovery::steps(&self.wal).into_iter().try_for_each(|step| recovery.step(step));
        Ok(finished.map_or_else(CommitOutcome::InFlight, |()| CommitOutcome::Done))
    }

    /// Rolls back a commit that is not valid yet. wal.json is removed first, because the other files mean nothing
    /// without it.
    fn roll_back(&self, layout: &Layout) -> Result<(), StoreError> {
        file::remove(&layout.wal())?;
        let _ = file::remove(&layout.temp_of("wal.json"));
        for i in 0..self.new_contents.len() {
            let _ = file::remove(&layout.temp(i));
        }
        Ok(())
    }
}
