//! Bringing a commit that holds to its end, as often as it takes.

use std::path::PathBuf;

use agent_baton_core::stamp::Stamp;

use super::aside::set_aside;
use super::audit;
use super::due;
use super::error::StoreError;
use super::file;
use super::journal::{self, Entry, Journal, Present};
use super::layout::{Layout, Target};
use super::messages;

/// One step of a redo; each can be done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Bring one entry to its new version.
    Place(usize),
    /// Sync the directories of the entries.
    Sync,
    /// Append the audit line, unless it is there.
    Audit,
    /// Unlink commit.json.
    Clear,
}

pub(super) struct Redo<'a> {
    layout: &'a Layout,
    journal: &'a Journal,
    now: &'a Stamp,
    reports: &'a mut Vec<String>,
    /// Whether another call left the commit. What cannot be read then must not hold up every later call.
    left: bool,
}

impl<'a> Redo<'a> {
    pub(super) fn new(layout: &'a Layout, journal: &'a Journal, now: &'a Stamp, reports: &'a mut Vec<String>) -> Self {
        Self { layout, journal, now, reports, left: false }
    }

    pub(super) fn steps(journal: &Journal) -> Vec<Step> {
        let mut steps: Vec<Step> = (0..journal.entries.len()).map(Step::Place).collect();
        steps.extend([Step::Sync, Step::Audit, Step::Clear]);
        steps
    }

    pub(super) fn step(&mut self, step: Step) -> Result<(), StoreError> {
        match step {
            Step::Place(i) => match self.journal.entries.get(i) {
                Some(entry) => self.place(i, entry),
                None => Ok(()),
            },
            Step::Sync => self.sync(),
            Step::Audit => {
                audit::append(self.layout, self.journal.audit, self.journal.line.get()).and_then(|file| match file {
                    Some(file) => file::sync(&file, &self.layout.audit(0)),
                    None => Ok(()),
                })
            }
            Step::Clear => file::remove(&self.layout.journal()),
        }
    }

    /// Redoes a commit that another call left. One whose new versions are gone while every record is still as before was
    /// taken back by its own writer, and a crash brought commit.json back: it is set aside whole.
    pub(super) fn run(&mut self) -> Result<(), StoreError> {
        self.left = true;
        if self.was_taken_back() {
            let report = set_aside(
                self.layout,
                &self.layout.journal(),
                self.now,
                "is a commit whose new versions are gone, so nothing of it was done",
            )?;
            self.reports.push(report);
            return file::sync_dir(self.layout.root());
        }
        Self::steps(self.journal).into_iter().try_for_each(|step| self.step(step))
    }

    fn was_taken_back(&self) -> bool {
        let entries = &self.journal.entries;
        let untouched = |entry: &Entry| Present::at(self.layout, &entry.target).is_before(entry);
        let gone = |(i, entry): (usize, &Entry)| {
            let version = entry.after.as_ref();
            version.is_some_and(|version| journal::temp(self.layout, i, version).is_none())
        };
        entries.iter().enumerate().any(gone) && entries.iter().all(untouched)
    }

    fn place(&mut self, i: usize, entry: &Entry) -> Result<(), StoreError> {
        let (_, path) = self.layout.target(&entry.target);
        let present = self.or_left(Present::look(self.layout, &entry.target), Present::Unreadable)?;
        if present.is_after(entry) {
            return self.move_log(entry);
        }
        let version = entry.after.as_ref();
        let temp = match version {
            Some(version) => Some(self.or_left(journal::look_at_temp(self.layout, i, version), None)?.is_some()),
            None => None,
        };
        if temp.is_none() && !self.went_to_other_shelf(entry)? {
            self.reports.push(format!(
                "{} was kept: what a commit was to put in its place could not be written",
                path.display()
            ));
            return Ok(());
        }
        match (present.is_before(entry), temp) {
            (true, Some(true)) => {
                std::fs::rename(self.layout.temp(i), &path).map_err(StoreError::io("rename a file to", &path))?;
                self.move_log(entry)
            }
            (true, None) => {
                file::remove(&path)?;
                self.move_log(entry)
            }
            (false, Some(true)) => {
                let why = format!(
                    "is a new version of {}, which is at another revision or cannot be read and was left as it is",
                    path.display()
                );
                let report = set_aside(self.layout, &self.layout.temp(i), self.now, &why)?;
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

    /// What could not be read ends the step, so that the next call tries again; in a commit that was left, it is passed over.
    fn or_left<T>(&self, read: Result<T, StoreError>, otherwise: T) -> Result<T, StoreError> {
        match read {
            Err(_) if self.left => Ok(otherwise),
            read => read,
        }
    }

    /// Whether a record that is removed stands, if the commit moves it, on its other shelf by now: else nothing would be left of it.
    fn went_to_other_shelf(&self, entry: &Entry) -> Result<bool, StoreError> {
        let moves = |other: &&Entry| other.after.is_some() && other.target.is_same_record(&entry.target);
        let Some(to) = self.journal.entries.iter().find(moves) else { return Ok(true) };
        Ok(self.or_left(Present::look(self.layout, &to.target), Present::Unreadable)?.is_after(to))
    }

    /// A session's log goes where its record goes, and with it where that goes for good. So does what was said in it.
    fn move_log(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let Target::Session { shelf, id } = &entry.target else {
            return Ok(());
        };
        if entry.after.is_some() {
            return due::note(self.layout, *shelf, id, &self.journal.at);
        }
        let moved = |other: &&Entry| other.after.is_some() && other.target.is_same_record(&entry.target);
        match self.journal.entries.iter().find(moved).map(|other| &other.target) {
            Some(Target::Session { shelf: to, .. }) => {
                file::rename_if_there(&self.layout.log(*shelf, id), &self.layout.log(*to, id))
            }
            _ => {
                // A commit that cannot be brought to its end would hold up every later one.
                if let Err(error) = messages::remove(self.layout, id) {
                    self.reports.push(error.to_string());
                }
                file::remove(&self.layout.log(*shelf, id))
            }
        }
    }

    fn sync(&self) -> Result<(), StoreError> {
        let entries = self.journal.entries.iter();
        let mut dirs: Vec<PathBuf> = entries.map(|entry| self.layout.target(&entry.target).0).collect();
        dirs.sort_unstable();
        dirs.dedup();
        dirs.iter().try_for_each(|dir| file::sync_dir(dir))
    }
}
