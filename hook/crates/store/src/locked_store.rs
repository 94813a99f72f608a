//! The store with the lock. Only this type writes records.

use baton_display::error_chain;
use std::fs::File;
use std::time::{Duration, Instant};

use agent_baton_core::decision::{Change, Location, Record};
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::timestamp::Timestamp;

use crate::audit::{self, AuditLine};
use crate::audit_action::AuditAction;
use crate::decision_check::ValidatedDecision;
use crate::error::StoreError;
use crate::fence_bump;
use crate::file;
use crate::fleet_files;
use crate::index::expiry::ExpiryBucket;
use crate::index::rebuild;
use crate::lock::contention::HolderId;
use crate::lock::{self, LockError};
use crate::quarantine::quarantine;
use crate::records::view::View;
use crate::state_dir::format::{self, BumpProgress, Format, LockFileId};
use crate::store::Store;
use crate::wal::entry;
use crate::wal::error::CommitError;
use crate::wal::plan::{CommitPlan, Edit};
use crate::wal::recover::Recovery;
use crate::wal::write::{CommitOutcome, PreparedCommit};

/// The maximum number of runs whose fences are raised in one commit. A call has enough time for such a commit, and
/// readers accept its size.
const BUMPS_PER_COMMIT: usize = 100;

/// How long to wait for the lock that this call released itself.
const RELOCK_TIMEOUT: Duration = Duration::from_millis(400);

/// The result of a commit.
#[derive(Debug)]
pub struct Committed {
    /// The number of its line in the audit.
    pub audit: u64,
    /// The error that kept the commit from being completed. The commit is valid, and the next call completes it.
    pub unfinished: Option<StoreError>,
}

/// The store while the lock is held. The lock is released when this is dropped. No commit is in flight.
pub struct LockedStore<'a> {
    pub(crate) store: &'a Store,
    lock: Option<File>,
    reports: Vec<String>,
    /// Whether a commit of this holder was interrupted. It must be completed before anything else is written.
    in_flight: bool,
    /// The deadline for recovery.
    deadline: Instant,
}

impl Store {
    /// Acquires the lock and recovers the state: it creates the state directory if it does not exist, completes an
    /// interrupted commit, raises the fences after a restore from a copy, and rebuilds a damaged index, in this order.
    ///
    /// # Errors
    ///
    /// Returns a [`LockError`] if the deadline passes or the state directory must not be written. Returns
    /// [`StoreError::RecoveryIncomplete`] if the deadline passes during recovery. The next call then continues it.
    pub fn lock(&self, deadline: Instant, now: &Timestamp) -> Result<LockedStore<'_>, LockError> {
        let layout = &self.layout;
        if !file::exists(layout.root())? {
            file::make_dir(layout.root())?;
        }
        let lock = lock::acquire(&layout.lock(), deadline)?;
        let identity = LockFileId::from_file(&lock, layout)?;
        let known = format::read(layout)?;
        HolderId::write_new(&lock);
        let mut locked = LockedStore { store: self, lock: Some(lock), reports: Vec::new(), in_flight: false, deadline };
        let in_order = known.as_ref().is_some_and(|known| known.lock == identity);
        if !in_order || !file::exists(&layout.index_complete())? {
            layout.make_dirs()?;
        }
        locked.recover(now)?;
        if !in_order {
            if known.is_some() {
                fleet_files::drop_leases(layout)?;
            }
            let pending_bumps = locked.bump_fences(known, &identity, now)?;
            format::write(layout, Format { pending_bumps, ..Format::new(identity) })?;
        } else if let Some(known) = known.filter(|known| !known.pending_bumps.is_empty()) {
            locked.bump_pending(known, now)?;
        }
        if !file::exists(&layout.index_complete())? {
            locked.rebuild_index()?;
        }
        Ok(locked)
    }
}

impl LockedStore<'_> {
    /// Returns the records as they are until the next commit.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View::new(&self.store.layout, &self.store.place.machine)
    }

    /// Releases the lock while `wait` runs, takes it again, and recovers the state as [`Store::lock`] does. Other calls may
    /// change records meanwhile.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Store::lock`]. Nothing can be committed after that.
    pub fn unlocked<T>(&mut self, now: &Timestamp, wait: impl FnOnce() -> T) -> Result<T, LockError> {
        let layout = &self.store.layout;
        let identity = |lock: &File| LockFileId::from_file(lock, layout);
        let before = self.lock.take().as_ref().map(identity).transpose()?;
        let result = wait();
        let lock = lock::acquire(&layout.lock(), self.deadline.max(Instant::now() + RELOCK_TIMEOUT))?;
        if Some(identity(&lock)?) != before {
            // The state directory was replaced meanwhile. The next call recovers it.
            return Err(LockError::Busy { path: layout.lock() });
        }
        HolderId::write_new(&lock);
        self.recover(now)?;
        self.lock = Some(lock);
        Ok(result)
    }

    /// Returns what was found damaged, and was moved to quarantine or left alone, as sentences for the user. Each is
    /// returned once.
    pub fn take_reports(&mut self) -> Vec<String> {
        std::mem::take(&mut self.reports)
    }

    pub(crate) fn report(&mut self, report: String) {
        self.reports.push(report);
    }

    /// Commits a decision: all its changes, the resulting index and the audit line, or nothing. A decision without
    /// changes only appends its audit line, without a sync.
    ///
    /// # Errors
    ///
    /// After [`CommitError::InDoubt`], the next call may still complete the commit. After any other error, nothing has
    /// changed.
    pub fn commit(&mut self, decision: &ValidatedDecision<'_>) -> Result<Committed, CommitError> {
        let line = decision.audit_line(self.next_number(decision.at())?);
        let edits: Vec<Edit<'_>> = decision.changes().iter().map(Edit::Write).collect();
        self.commit_edits(&edits, decision.at(), line)
    }

    /// Appends an audit line for an action that changed no record.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be written.
    pub fn audit(&mut self, action: AuditAction, at: &Timestamp) -> Result<(), StoreError> {
        let line = AuditLine::from_action(self.next_number(at)?, at, action);
        self.append_audit_line(line).map(drop)
    }

    /// Trims the log of a session if it is long.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be written. The log is then unchanged.
    pub fn trim_log(&self, session: &SessionId) -> Result<(), StoreError> {
        self.store.trim_log(session)
    }

    /// Rebuilds the index after a reader found it damaged.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be listed or written, and [`StoreError::RecoveryIncomplete`] if the next call
    /// must continue.
    pub fn rebuild_index(&mut self) -> Result<(), StoreError> {
        rebuild::rebuild(&self.store.layout, self.deadline, &mut self.reports)
    }

    /// Removes the first `count` sessions from an expiry bucket.
    ///
    /// # Errors
    ///
    /// Returns an error if the bucket's file cannot be written.
    pub fn mark_processed(&self, bucket: &ExpiryBucket, count: usize) -> Result<(), StoreError> {
        bucket.remove_first(&self.store.layout, count)
    }

    /// Removes the stored messages of a session.
    ///
    /// # Errors
    ///
    /// Returns an error if one of their files cannot be removed.
    pub fn remove_conversation(&self, session: &SessionId) -> Result<(), StoreError> {
        file::remove_dir_all(&self.store.layout.conversation(session))
    }

    /// Completes an interrupted commit of this holder, and returns the number of the next audit line.
    pub(crate) fn next_number(&mut self, at: &Timestamp) -> Result<u64, StoreError> {
        if self.lock.is_none() {
            return Err(StoreError::Contended { path: self.store.layout.lock() });
        }
        self.finish_commit(at)?;
        Ok(audit::last_number(&self.store.layout)?.saturating_add(1))
    }

    fn append_audit_line(&self, line: AuditLine) -> Result<Committed, StoreError> {
        let layout = &self.store.layout;
        let n = line.n;
        let json = line.into_json().map_err(|error| StoreError::io("write", &layout.audit(0))(error.into()))?;
        audit::append(layout, n, json.get())?;
        Ok(Committed { audit: n, unfinished: None })
    }

    pub(crate) fn commit_edits(
        &mut self,
        edits: &[Edit<'_>],
        at: &Timestamp,
        line: AuditLine,
    ) -> Result<Committed, CommitError> {
        if edits.is_empty() {
            return Ok(self.append_audit_line(line)?);
        }
        let writes = || edits.iter().filter_map(Edit::change);
        if writes().any(|change| change.to == Location::Trash) {
            self.store.layout.make_trash_dirs()?;
        }
        let commit = self.plan(edits, at, line)?;
        let committed = self.run(&commit, at)?;
        for change in writes() {
            if let Record::Session(session) = &change.record {
                // If the log cannot be trimmed, the commit is still valid.
                if let Err(error) = self.store.trim_log(&session.id) {
                    self.reports.push(error_chain(&error));
                }
            }
        }
        Ok(committed)
    }

    /// Completes an interrupted commit of this holder.
    fn finish_commit(&mut self, at: &Timestamp) -> Result<(), StoreError> {
        if !self.in_flight {
            return Ok(());
        }
        self.recover(at).map_err(|error| match error {
            LockError::Store(error) => error,
            other => StoreError::unreadable(&self.store.layout.wal(), other.to_string()),
        })
    }

    fn run(&mut self, commit: &PreparedCommit, at: &Timestamp) -> Result<Committed, CommitError> {
        let outcome = commit.run(&self.store.layout, at, &mut self.reports);
        let unfinished = match outcome {
            Ok(CommitOutcome::Done) => None,
            Ok(CommitOutcome::InFlight(error)) => {
                self.reports.push(format!(
                    "the decision is valid, and the next call of baton completes its commit: {}",
                    error_chain(&error)
                ));
                Some(error)
            }
            Err(failed) if failed.in_doubt => {
                self.in_flight = true;
                let source = failed.source;
                return Err(CommitError::InDoubt { source });
            }
            Err(failed) => return Err(failed.source.into()),
        };
        self.in_flight = unfinished.is_some();
        Ok(Committed { audit: commit.wal.audit, unfinished })
    }

    pub(crate) fn plan(
        &mut self,
        edits: &[Edit<'_>],
        at: &Timestamp,
        line: AuditLine,
    ) -> Result<PreparedCommit, CommitError> {
        let layout = &self.store.layout;
        let plan = match CommitPlan::new(layout, edits) {
            Err(CommitError::Store(StoreError::IndexMissing { .. })) => {
                rebuild::rebuild(layout, self.deadline, &mut self.reports)?;
                CommitPlan::new(layout, edits)?
            }
            other => other?,
        };
        Ok(plan.commit(&self.store.place.machine, at, line)?)
    }

    fn recover(&mut self, now: &Timestamp) -> Result<(), LockError> {
        let layout = &self.store.layout;
        match entry::read(layout) {
            Ok(None) => {}
            Ok(Some(wal)) if wal.machine != self.store.place.machine => {
                return Err(LockError::OtherMachine { path: layout.wal(), machine: wal.machine });
            }
            Ok(Some(wal)) => {
                layout.make_dirs()?;
                layout.make_trash_dirs()?;
                Recovery::new(layout, &wal, now, &mut self.reports).run()?;
            }
            // The file was complete when it was renamed into place. It was damaged later, so its content cannot be
            // applied.
            Err(StoreError::Unreadable { what, .. }) => {
                let report = quarantine(layout, &layout.wal(), now, &what)?;
                self.reports.push(report);
            }
            Err(error) => return Err(error.into()),
        }
        self.in_flight = false;
        Ok(())
    }

    /// Raises the fence of every unfinished run, in commits of some runs each, and returns the runs that could not be
    /// read. `format` records the progress, so that the next call continues from there if this one is interrupted.
    fn bump_fences(
        &mut self,
        known: Option<Format>,
        lock: &LockFileId,
        now: &Timestamp,
    ) -> Result<Vec<RunId>, LockError> {
        let layout = &self.store.layout;
        let old = known.unwrap_or_else(|| Format::new(LockFileId::NONE));
        let bump_progress =
            old.bump_progress.filter(|bump_progress| bump_progress.lock == *lock).map(|bump_progress| bump_progress.to);
        let runs = fence_bump::runs(layout, bump_progress.as_ref())?;
        let (mut grown, mut pending_bumps) = (bump_progress.is_some(), old.pending_bumps);
        for (i, ids) in runs.chunks(BUMPS_PER_COMMIT).enumerate() {
            if i > 0 && Instant::now() >= self.deadline {
                return Err(StoreError::RecoveryIncomplete { path: layout.root().to_owned() }.into());
            }
            let bumps = fence_bump::plan_bumps(layout, ids, now);
            if !bumps.changes.is_empty() {
                self.commit_bumps(&bumps.changes, now)?;
                grown = true;
            }
            for (id, error) in bumps.unread {
                self.reports
                    .push(format!("the fence of a run grows once the run can be read: {}", error_chain(&error)));
                pending_bumps.retain(|known| *known != id);
                pending_bumps.push(id);
            }
            if let Some(to) = ids.last() {
                let bump_progress = Some(BumpProgress { lock: lock.clone(), to: to.clone() });
                format::write(
                    layout,
                    Format { bump_progress, pending_bumps: pending_bumps.clone(), ..Format::new(old.lock.clone()) },
                )?;
            }
        }
        if grown {
            self.reports.push(format!(
                "{} was restored from a copy: the fence of every unfinished run grew by {}",
                self.store.path().display(),
                fence_bump::FENCE_BUMP
            ));
        }
        Ok(pending_bumps)
    }

    /// Raises the fences of runs that were unreadable when the others' fences were raised, as far as they are readable
    /// now.
    fn bump_pending(&mut self, known: Format, now: &Timestamp) -> Result<(), LockError> {
        let layout = &self.store.layout;
        let bumps = fence_bump::plan_bumps(layout, &known.pending_bumps, now);
        let pending_bumps: Vec<RunId> = bumps.unread.into_iter().map(|(id, _)| id).collect();
        if pending_bumps == known.pending_bumps {
            return Ok(());
        }
        if !bumps.changes.is_empty() {
            self.commit_bumps(&bumps.changes, now)?;
        }
        format::write(layout, Format { pending_bumps, ..known })
    }

    fn commit_bumps(&mut self, changes: &[Change], now: &Timestamp) -> Result<(), LockError> {
        let line = AuditLine::from_action(self.next_number(now)?, now, AuditAction::StateRestored);
        let edits: Vec<Edit<'_>> = changes.iter().map(Edit::Write).collect();
        let committed = self.commit_edits(&edits, now, line).map_err(|error| match error {
            CommitError::Store(source) | CommitError::InDoubt { source } => source,
            other => StoreError::unreadable(&self.store.layout.runs(Location::Live), other.to_string()),
        })?;
        committed.unfinished.map_or(Ok(()), |error| Err(error.into()))
    }
}
