//! Recovery: completes a commit that is in the write-ahead log. It can be repeated as often as necessary.

use baton_display::error_chain;
use std::path::PathBuf;

use agent_baton_core::timestamp::Timestamp;

use crate::audit;
use crate::error::StoreError;
use crate::file;
use crate::index::expiry;
use crate::quarantine::quarantine;
use crate::state_dir::layout::Layout;
use crate::wal::entry::{self, CommitRecord, Effect, TargetState, WalEntry};

/// One step of recovery. Each can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Writes the new version of one entry.
    Apply(usize),
    /// Syncs the directories of the entries.
    Sync,
    /// Appends the audit line, unless it exists.
    Audit,
    /// Removes wal.json.
    Clear,
}

pub(crate) struct Recovery<'a> {
    layout: &'a Layout,
    wal: &'a CommitRecord,
    now: &'a Timestamp,
    reports: &'a mut Vec<String>,
    /// Whether another call left the commit behind. Unreadable files must then not block every later call.
    left: bool,
}

impl<'a> Recovery<'a> {
    pub(crate) fn new(
        layout: &'a Layout,
        wal: &'a CommitRecord,
        now: &'a Timestamp,
        reports: &'a mut Vec<String>,
    ) -> Self {
        Self { layout, wal, now, reports, left: false }
    }

    pub(crate) fn steps(wal: &CommitRecord) -> Vec<Step> {
        let mut steps: Vec<Step> = (0..wal.entries.len()).map(Step::Apply).collect();
        steps.extend([Step::Sync, Step::Audit, Step::Clear]);
        steps
    }

    pub(crate) fn step(&mut self, step: Step) -> Result<(), StoreError> {
        match step {
            Step::Apply(i) => match self.wal.entries.get(i) {
                Some(entry) => self.apply(i, entry),
                None => Ok(()),
            },
            Step::Sync => self.sync(),
            Step::Audit => {
                audit::append(self.layout, self.wal.audit, self.wal.line.get()).and_then(|file| match file {
                    Some(file) => file::sync(&file, &self.layout.audit(0)),
                    None => Ok(()),
                })
            }
            Step::Clear => file::remove(&self.layout.wal()),
        }
    }

    /// Completes a commit that another call left behind.
    ///
    /// If its new versions are gone and every record is still at the revision before, its writer rolled it back and a
    /// crash restored wal.json. The whole commit then moves to quarantine.
    pub(crate) fn run(&mut self) -> Result<(), StoreError> {
        self.left = true;
        if self.was_rolled_back() {
            let report = quarantine(
                self.layout,
                &self.layout.wal(),
                self.now,
                "is a commit whose new versions are missing, so nothing was changed",
            )?;
            self.reports.push(report);
            return file::sync_dir(self.layout.root());
        }
        Self::steps(self.wal).into_iter().try_for_each(|step| self.step(step))
    }

    fn was_rolled_back(&self) -> bool {
        let entries = &self.wal.entries;
        let untouched = |entry: &WalEntry| TargetState::read_or_unreadable(self.layout, &entry.target).is_before(entry);
        let gone = |(i, entry): (usize, &WalEntry)| {
            let version = entry.after.as_ref();
            version.is_some_and(|version| entry::staged(self.layout, i, version).is_none())
        };
        entries.iter().enumerate().any(gone) && entries.iter().all(untouched)
    }

    fn apply(&mut self, i: usize, entry: &WalEntry) -> Result<(), StoreError> {
        let (_, path) = self.layout.target(&entry.target);
        let present =
            self.tolerate_if_abandoned(TargetState::read(self.layout, &entry.target), TargetState::Unreadable)?;
        if present.is_after(entry) {
            return self.apply_effects(entry);
        }
        let version = entry.after.as_ref();
        let temp = match version {
            Some(version) => {
                Some(self.tolerate_if_abandoned(entry::read_staged(self.layout, i, version), None)?.is_some())
            }
            None => None,
        };
        if temp.is_none() && !self.moved_elsewhere(entry)? {
            self.reports.push(format!("{} was kept, because a commit could not write its new version", path.display()));
            return Ok(());
        }
        match (present.is_before(entry), temp) {
            (true, Some(true)) => {
                file::rename(&self.layout.temp(i), &path)?;
                self.apply_effects(entry)
            }
            (true, None) => {
                file::remove(&path)?;
                self.apply_effects(entry)
            }
            (false, Some(true)) => {
                let why = format!(
                    "is a new version of {}, which is at another revision or cannot be read and was left as it is",
                    path.display()
                );
                let report = quarantine(self.layout, &self.layout.temp(i), self.now, &why)?;
                self.reports.push(report);
                Ok(())
            }
            (_, Some(false) | None) => {
                self.reports.push(format!(
                    "a commit could not be redone for {}: it is at another revision or cannot be read, \
                     and was left as it is",
                    path.display()
                ));
                Ok(())
            }
        }
    }

    /// Ends the step at a file that cannot be read, so that the next call tries again. In a commit that was left
    /// behind, such a file is skipped.
    fn tolerate_if_abandoned<T>(&self, read: Result<T, StoreError>, otherwise: T) -> Result<T, StoreError> {
        match read {
            Err(_) if self.left => Ok(otherwise),
            read => read,
        }
    }

    /// Returns whether an old file may be removed: if the commit moves the record, its new file must be in place.
    /// Returns true if the commit does not move the record.
    fn moved_elsewhere(&self, entry: &WalEntry) -> Result<bool, StoreError> {
        let moves = |other: &&WalEntry| other.after.is_some() && other.target.is_same_record(&entry.target);
        let Some(to) = self.wal.entries.iter().find(moves) else { return Ok(true) };
        Ok(self
            .tolerate_if_abandoned(TargetState::read(self.layout, &to.target), TargetState::Unreadable)?
            .is_after(to))
    }

    fn apply_effects(&mut self, entry: &WalEntry) -> Result<(), StoreError> {
        for effect in &entry.effects {
            match effect {
                Effect::AddToExpiryBucket { location, id } => {
                    expiry::record_arrival(self.layout, *location, id, &self.wal.at)?;
                }
                Effect::MoveSessionLog { id, from, to } => {
                    file::rename_if_there(&self.layout.log(*from, id), &self.layout.log(*to, id))?;
                }
                Effect::RemoveSessionLog { id, location } => file::remove(&self.layout.log(*location, id))?,
                Effect::RemoveConversation { id } => {
                    // An error here must not block every later commit.
                    if let Err(error) = file::remove_dir_all(&self.layout.conversation(id)) {
                        self.reports.push(error_chain(&error));
                    }
                }
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        let entries = self.wal.entries.iter();
        let mut dirs: Vec<PathBuf> = entries.map(|entry| self.layout.target(&entry.target).0).collect();
        dirs.sort_unstable();
        dirs.dedup();
        dirs.iter().try_for_each(|dir| file::sync_dir(dir))
    }
}
