//! Saves and restores a project's protected files under the lock, and records what happened.

use baton_display::error_chain;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Instant;

use agent_baton_core::process::{HostId, Live};
use agent_baton_core::timestamp::Timestamp;

use super::backup::{DamagedBackup, read_backup};
use super::entry::Digest;
use super::limits::{KEEP_BACKUPS, KEEP_HISTORY, MAX_ARCHIVE_BYTES};
use super::participants::{Participants, ProbeCache};
use super::project_dir::ProjectDir;
use super::restore::{RestoreOutcome, apply};
use super::restore_plan::{ChangeEvidence, RestorePlan};
use super::scan::Scan;
use super::state::{Backup, ProjectRecord, ProtectionState};
use super::tar_archive::{ArchiveError, FileArchive, Manifest};
use baton_engine::config::RelativePath;
use baton_store::{ArchiveKind, LockedStore, ProtectedStore, StoreError};
use baton_system::multiplexer::shell_quote;

/// Why protected files could not be saved or restored. The project's files are unchanged.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum ProtectError {
    /// A file of the state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The project's directory cannot be opened.
    #[error("cannot open the project {project}; its saved files are kept")]
    Project { project: String, source: io::Error },
    /// The archive cannot be written.
    #[error("cannot record the protected files of {project}")]
    Archive { project: String, source: ArchiveError },
    /// The record cannot be used. It was left unchanged.
    #[error("cannot use {path}: it {what}. baton did not modify it")]
    Record { path: std::path::PathBuf, what: String },
    /// The record cannot be written as JSON.
    #[error("cannot write the record of {project}")]
    Json { project: String, source: serde_json::Error },
}

/// The result of restoring.
#[derive(Debug, PartialEq, Eq)]
pub enum RestoreResult {
    /// Everything that can be restored was restored.
    Done(RestoreOutcome),
    /// The system refused an operation. The next call tries again.
    Retry(RestoreOutcome),
    /// The project does not exist. It may be on a disk that is not mounted.
    ProjectMissing,
    /// The backup is missing or damaged, so nothing can be restored.
    BackupMissing,
}

impl RestoreResult {
    /// Records what came of restoring the files when no session was present. Returns whether they are the user's again.
    pub(crate) fn finish(&self, record: &mut ProjectRecord, now: &Timestamp) -> bool {
        let is_finished = matches!(self, Self::Done(_));
        if is_finished {
            record.state = ProtectionState::Idle;
            record.participants.clear();
        }
        // Otherwise the participants stay: at the next attempt, the time of their end shows who changed the files since.
        record.failed_at = (!is_finished).then(|| now.clone());
        is_finished
    }
}

/// One project with protected files, for the holder of the lock.
pub struct ProtectedProject<'a, 'l> {
    /// The lock.
    pub locked: &'a mut LockedStore<'l>,
    /// The project's record and archives.
    pub protected_store: &'a ProtectedStore,
    /// The project's path.
    pub project: &'a str,
    /// The current time.
    pub now: &'a Timestamp,
    /// When reading files must end. `None` for a command, whose user waits.
    pub deadline: Option<Instant>,
}

impl ProtectedProject<'_, '_> {
    /// Returns the project's record, or creates one if none exists. A record that is cut short is moved to the
    /// quarantine, and the new record notes that.
    ///
    /// # Errors
    /// Returns an error if the record cannot be read, or if another version wrote it.
    pub fn load_record(&mut self) -> Result<ProjectRecord, ProtectError> {
        match self.protected_store.record() {
            Ok(None) => Ok(ProjectRecord::new(self.project.to_owned())),
            Ok(Some(bytes)) => match ProjectRecord::parse(&bytes, Some(self.project)) {
                Ok(record) => Ok(record),
                Err(what) if is_json(&bytes) => {
                    Err(ProtectError::Record { path: self.protected_store.record_path(), what })
                }
                Err(what) => {
                    let (mut record, text) = self.replace_record(&what)?;
                    let newest = self.newest_backup()?.map_or_else(String::new, |number| {
                        let path = self.protected_store.path(ArchiveKind::Backup, number);
                        format!(
                            " The newest backup is {}; `baton project restore --backup {number} --force {}` restores it",
                            path.display(),
                            shell_quote(self.project)
                        )
                    });
                    record.note(self.now, format!("{text}.{newest}"));
                    Ok(record)
                }
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Moves the record to the quarantine. Returns a new one, and what to tell the user.
    ///
    /// # Errors
    /// Returns an error if the record cannot be moved.
    pub fn replace_record(&mut self, wrong: &str) -> Result<(ProjectRecord, String), ProtectError> {
        let text = self.protected_store.quarantine_record(self.locked, self.now, wrong)?;
        Ok((ProjectRecord::new(self.project.to_owned()), text))
    }

    /// Returns the number of the newest backup.
    ///
    /// # Errors
    /// Returns an error if the backups cannot be listed.
    pub fn newest_backup(&self) -> Result<Option<u64>, ProtectError> {
        Ok(self.protected_store.numbers(ArchiveKind::Backup)?.pop())
    }

    /// Writes the record.
    ///
    /// # Errors
    /// Returns an error if the record cannot be written. The old one stays.
    pub fn save_record(&mut self, record: &mut ProjectRecord) -> Result<(), ProtectError> {
        record.revision = record.revision.saturating_add(1);
        let mut bytes = serde_json::to_vec(record)
            .map_err(|source| ProtectError::Json { project: self.project.to_owned(), source })?;
        bytes.push(b'\n');
        Ok(self.protected_store.write_record(self.locked, &bytes)?)
    }

    /// Saves the protected files. The record does not name the backup yet.
    ///
    /// # Errors
    /// Returns an error if the project cannot be opened or the backup cannot be written.
    pub fn back_up(&mut self, record: &mut ProjectRecord, paths: &[RelativePath]) -> Result<Backup, ProtectError> {
        let cannot_open = |source| ProtectError::Project { project: self.project.to_owned(), source };
        let dir = ProjectDir::open(Path::new(self.project)).map_err(cannot_open)?;
        let id = dir.id().map_err(cannot_open)?;
        let scan = Scan::run(&dir, paths, |_| false, self.deadline);
        let mut manifest = Manifest::new(self.project.to_owned(), id, self.now.clone());
        manifest.paths = paths.to_vec();
        manifest.parents = scan.parents;
        for (path, skipped) in scan.skipped {
            record.note(
                self.now,
                format!("{} of {} is not protected: {}", path.path().display(), self.project, skipped.reason),
            );
            manifest.left_out.insert(path, skipped.reason);
        }
        let mut files = BTreeMap::new();
        for (path, found) in scan.entries {
            files.extend(found.content.map(|content| (path.clone(), content)));
            manifest.entries.insert(path, found.entry);
        }
        let (backup, sha256) =
            self.add_archive(ArchiveKind::Backup, &FileArchive { manifest, files, saved: BTreeMap::new() })?;
        self.protected_store.prune(
            self.locked,
            ArchiveKind::Backup,
            KEEP_BACKUPS,
            record.backup().map(|saved| saved.number),
        )?;
        Ok(Backup { number: backup, sha256 })
    }

    /// Restores the files, and notes the result in the record. The caller must set the record's state afterwards.
    ///
    /// # Errors
    /// Returns an error if the history or the record cannot be written. Nothing was restored then.
    pub fn restore(
        &mut self,
        record: &mut ProjectRecord,
        evidence: ChangeEvidence,
    ) -> Result<RestoreResult, ProtectError> {
        let Some(saved) = record.backup().cloned() else { return Ok(RestoreResult::Done(RestoreOutcome::default())) };
        let path = self.protected_store.path(ArchiveKind::Backup, saved.number);
        let archive = match read_backup(self.protected_store, &saved)? {
            Ok(archive) => archive,
            Err(why) => {
                let DamagedBackup { what, other } = DamagedBackup::new(self.protected_store, saved.number, &why);
                let other = other.map_or_else(String::new, |number| {
                    format!(
                        ". `baton project restore --backup {number} --force {}` restores an older one",
                        shell_quote(self.project)
                    )
                });
                record.note(self.now, format!("{what}; the files of {} were not changed{other}", self.project));
                return Ok(RestoreResult::BackupMissing);
            }
        };
        let Some(dir) = self.open_if_same_directory(&archive.manifest) else {
            let text = format!(
                "{} does not exist, or is not the directory that was saved; is its disk mounted? The saved files are \
                 in {}. If it is gone for good: `baton project save {}`",
                self.project,
                path.display(),
                shell_quote(self.project)
            );
            record.note(self.now, text);
            return Ok(RestoreResult::ProjectMissing);
        };
        let (scan, plan) = self.compare(&dir, &archive, &evidence);
        if plan.is_empty() {
            return Ok(RestoreResult::Done(RestoreOutcome::default()));
        }
        let history = self.save_history(&archive, &scan, &plan)?;
        let seen = match evidence {
            ChangeEvidence::SeenAtExit(seen) => Some(seen),
            // A path that could not be scanned would count as new the next time.
            _ if scan.skipped.values().any(|skipped| skipped.retryable) => None,
            _ => Some(scan.entries.iter().map(|(path, found)| (path.clone(), found.entry.clone())).collect()),
        };
        if let Some(seen) = seen {
            record.state = ProtectionState::Restoring { saved, seen };
            self.save_record(record)?;
        }
        let outcome = apply(&dir, &plan, &archive, &scan);
        for text in describe_outcome(
            self.project,
            &outcome,
            &path,
            history.map(|n| self.protected_store.path(ArchiveKind::History, n)).as_deref(),
        ) {
            record.note(self.now, text);
        }
        Ok(if outcome.failed.is_empty() { RestoreResult::Done(outcome) } else { RestoreResult::Retry(outcome) })
    }

    /// Returns whether any launch is present, or might be.
    ///
    /// # Errors
    /// Returns an error if the records cannot be read.
    pub fn any_live(
        &mut self,
        record: &ProjectRecord,
        look: impl FnOnce(&Participants) -> ProbeCache,
        place: &HostId,
    ) -> Result<Live, ProtectError> {
        let participants = Participants::load(self.locked, self.project, &record.participants)?;
        Ok(participants.any_live(&look(&participants), place))
    }

    /// Finds a backup by its number, and returns it with the digest of the present file.
    #[must_use]
    pub fn find_backup(&self, number: u64) -> Option<Backup> {
        let bytes = self.protected_store.archive(ArchiveKind::Backup, number, MAX_ARCHIVE_BYTES).ok()??;
        Some(Backup { number, sha256: Digest::of(&bytes) })
    }

    /// Returns whether the backup was made of the directory that is now at the project's path.
    ///
    /// # Errors
    /// Returns an error if the backup cannot be read now.
    pub fn is_backup_of_directory(&self, saved: &Backup) -> Result<bool, StoreError> {
        let Ok(archive) = read_backup(self.protected_store, saved)? else { return Ok(false) };
        let id = ProjectDir::open(Path::new(self.project)).ok().and_then(|dir| dir.id().ok());
        Ok(id == Some(archive.manifest.directory))
    }

    /// Returns what restoring would do, without changing anything.
    ///
    /// # Errors
    /// Returns an error if the backup cannot be used.
    pub fn plan_restore(&self, saved: &Backup, evidence: &ChangeEvidence) -> Result<Option<RestorePlan>, String> {
        let archive = read_backup(self.protected_store, saved).map_err(|error| error_chain(&error))??;
        let Some(dir) = self.open_if_same_directory(&archive.manifest) else { return Ok(None) };
        let scan = scan_backup_paths(&dir, &archive.manifest, self.deadline);
        Ok(Some(RestorePlan::new(&archive.manifest, &scan, evidence)))
    }

    /// Removes temporary files that an interrupted call left, and compares the files with the archive.
    fn compare(&self, dir: &ProjectDir, archive: &FileArchive, evidence: &ChangeEvidence) -> (Scan, RestorePlan) {
        let stuck: Vec<_> = archive
            .manifest
            .entries
            .keys()
            .filter_map(|path| dir.clear_temporary(path).err().map(|error| (path.clone(), error_chain(&error))))
            .collect();
        let scan = scan_backup_paths(dir, &archive.manifest, self.deadline);
        let mut plan = RestorePlan::new(&archive.manifest, &scan, evidence);
        plan.failed.extend(stuck.into_iter().filter(|(path, _)| plan.write.contains(path)));
        (scan, plan)
    }

    /// Stores what a restore will replace or remove, and the saved version of each file that it leaves alone.
    fn save_history(
        &mut self,
        backup: &FileArchive,
        scan: &Scan,
        plan: &RestorePlan,
    ) -> Result<Option<u64>, ProtectError> {
        let mut manifest = Manifest::new(self.project.to_owned(), backup.manifest.directory, self.now.clone());
        let (mut files, mut saved) = (BTreeMap::new(), BTreeMap::new());
        for (path, found) in plan.overwrites(scan) {
            files.extend(found.content.clone().map(|content| (path.clone(), content)));
            manifest.entries.insert(path.clone(), found.entry.clone());
        }
        for (path, entry) in plan.kept.keys().filter_map(|path| backup.manifest.entries.get_key_value(path)) {
            saved.extend(backup.files.get(path).map(|content| (path.clone(), content.clone())));
            manifest.saved.insert(path.clone(), entry.clone());
        }
        if manifest.entries.is_empty() && manifest.saved.is_empty() {
            return Ok(None);
        }
        manifest.paths.clone_from(&backup.manifest.paths);
        let (number, _) = self.add_archive(ArchiveKind::History, &FileArchive { manifest, files, saved })?;
        self.protected_store.prune(self.locked, ArchiveKind::History, KEEP_HISTORY, Some(number))?;
        Ok(Some(number))
    }

    fn add_archive(&mut self, kind: ArchiveKind, archive: &FileArchive) -> Result<(u64, Digest), ProtectError> {
        let bytes =
            archive.to_bytes().map_err(|source| ProtectError::Archive { project: self.project.to_owned(), source })?;
        let number = self.protected_store.add(self.locked, kind, &bytes)?;
        Ok((number, Digest::of(&bytes)))
    }

    /// Opens the project's directory, if it may be the one that was saved.
    fn open_if_same_directory(&self, backup: &Manifest) -> Option<ProjectDir> {
        let dir = ProjectDir::open(Path::new(self.project)).ok()?;
        let id = dir.id().ok()?;
        let same = id == backup.directory;
        // An empty directory that is not the saved one is probably the mount point of an unmounted disk.
        let may_be_same = id.may_be_same_as(backup.directory) && !dir.is_empty().unwrap_or(true);
        (same || may_be_same).then_some(dir)
    }
}

fn scan_backup_paths(dir: &ProjectDir, backup: &Manifest, until: Option<Instant>) -> Scan {
    let left_out = |path: &RelativePath| backup.left_out.contains_key(path);
    Scan::run(dir, &backup.paths, left_out, until).with_known_paths(dir, backup.entries.keys(), until)
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok()
}

/// Describes the result for a user: which files, and where the other version is.
fn describe_outcome(project: &str, outcome: &RestoreOutcome, backup: &Path, history: Option<&Path>) -> Vec<String> {
    let kept = history.map_or_else(String::new, |path| format!("; the replaced version is kept in {}", path.display()));
    let list = |paths: &[RelativePath]| {
        let names: Vec<String> = paths.iter().take(8).map(|path| path.path().display().to_string()).collect();
        let more = paths.len().saturating_sub(8);
        if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
    };
    let mut texts = Vec::new();
    if !outcome.restored.is_empty() {
        texts.push(format!("{project}: restored {}{kept}", list(&outcome.restored)));
    }
    if !outcome.removed.is_empty() {
        texts.push(format!("{project}: removed, because it was not there before: {}{kept}", list(&outcome.removed)));
    }
    for (path, why) in &outcome.kept {
        let other = history.unwrap_or(backup).display();
        texts.push(format!(
            "{project}: {} was left as it is: {why}; the saved version is in {other}",
            path.path().display()
        ));
    }
    for (path, why) in &outcome.failed {
        texts.push(format!(
            "{project}: {} could not be restored: {why}; the saved version is in {}, and the next session that starts here tries again",
            path.path().display(),
            backup.display()
        ));
    }
    texts
}
