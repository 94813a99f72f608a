//! The stored data of one project's protected files: a record, and numbered archives.

use std::path::{Path, PathBuf};

use agent_baton_core::timestamp::Timestamp;

use crate::error::StoreError;
use crate::file::{self, MAX_RECORD};
use crate::locked_store::LockedStore;
use crate::quarantine::quarantine;
use crate::state_dir::layout::{Hash, Layout};
use crate::store::Store;

/// The purpose of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// The files as the first session of a project found them.
    Backup,
    /// The files that a restore replaced.
    History,
}

impl ArchiveKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::History => "history",
        }
    }
}

/// The stored data of one project. The caller must hold the lock to write.
#[derive(Debug, Clone)]
pub struct ProtectedStore {
    layout: Layout,
    directory: PathBuf,
}

impl Store {
    /// Returns the stored data of a project, by its path. This does not access the file system.
    #[must_use]
    pub fn protected_store(&self, project: &str) -> ProtectedStore {
        let directory = self.layout.protected_store(&Hash::of(project.as_bytes()));
        ProtectedStore { layout: self.layout.clone(), directory }
    }

    /// Returns the stored data of every project. It lists a directory, so it is only for commands.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be listed.
    pub fn protected_stores(&self) -> Result<Vec<ProtectedStore>, StoreError> {
        let names = file::list_names(&self.layout.protected_stores())?;
        let hashes = names.into_iter().filter_map(|name| Hash::try_from(name).ok());
        Ok(hashes
            .map(|hash| ProtectedStore { layout: self.layout.clone(), directory: self.layout.protected_store(&hash) })
            .collect())
    }
}

impl ProtectedStore {
    /// Returns the path of the record, for messages.
    #[must_use]
    pub fn record_path(&self) -> PathBuf {
        self.directory.join("record.json")
    }

    /// Returns the path of an archive, for messages.
    #[must_use]
    pub fn path(&self, kind: ArchiveKind, number: u64) -> PathBuf {
        self.directory.join(format!("{}-{number}.tar", kind.word()))
    }

    /// Returns whether anything is stored for the project.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be looked at.
    pub fn exists(&self) -> Result<bool, StoreError> {
        file::exists(&self.directory)
    }

    /// Stores everything under the path of another project, for which nothing may be stored yet.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be renamed. Nothing is moved then.
    pub fn rename(&self, _lock: &LockedStore<'_>, to: &Self) -> Result<(), StoreError> {
        file::rename(&self.directory, &to.directory)?;
        file::sync_dir(&self.layout.protected_stores())
    }

    /// Returns the record's bytes, or `None` if there is no record.
    ///
    /// # Errors
    /// Returns an error if the record cannot be read.
    pub fn record(&self) -> Result<Option<Vec<u8>>, StoreError> {
        file::read(&self.record_path(), MAX_RECORD)
    }

    /// Returns an archive's bytes, or `None` if there is no archive with this number.
    ///
    /// # Errors
    /// Returns an error if the archive cannot be read or has more than `cap` bytes.
    pub fn archive(&self, kind: ArchiveKind, number: u64, cap: u64) -> Result<Option<Vec<u8>>, StoreError> {
        file::read(&self.path(kind, number), cap)
    }

    /// Returns the numbers of the archives, oldest first. Other files are ignored.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be listed.
    pub fn numbers(&self, kind: ArchiveKind) -> Result<Vec<u64>, StoreError> {
        let of_name = |name: String| -> Option<u64> {
            let digits = name.strip_prefix(kind.word())?.strip_prefix('-')?.strip_suffix(".tar")?;
            let number: u64 = digits.parse().ok()?;
            (number.to_string() == digits).then_some(number)
        };
        let mut numbers: Vec<u64> = file::list_names(&self.directory)?.into_iter().filter_map(of_name).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Replaces the record atomically and durably.
    ///
    /// # Errors
    /// Returns an error if it cannot be written. The old record is then unchanged.
    pub fn write_record(&self, _lock: &LockedStore<'_>, bytes: &[u8]) -> Result<(), StoreError> {
        self.replace(&self.record_path(), bytes)?;
        // A file that stays only keeps the same failure from being told again.
        let _ = file::remove(&self.notified_path());
        Ok(())
    }

    /// Notes that the user is told this failure, for which no record can be written. Returns whether it is a new one
    /// since the record was last written.
    ///
    /// # Errors
    /// Returns an error if that cannot be read or written.
    pub fn note_failure(&self, _lock: &LockedStore<'_>, text: &str) -> Result<bool, StoreError> {
        let digest = Hash::of(text.as_bytes());
        let digest = digest.as_str().as_bytes();
        if file::read(&self.notified_path(), MAX_RECORD)?.is_some_and(|noted| noted == digest) {
            return Ok(false);
        }
        self.replace(&self.notified_path(), digest)?;
        Ok(true)
    }

    fn notified_path(&self) -> PathBuf {
        self.directory.join("notified")
    }

    /// Writes an archive durably, with the next number.
    ///
    /// # Errors
    /// Returns an error if it cannot be written. There is then no new archive.
    pub fn add(&self, _lock: &LockedStore<'_>, kind: ArchiveKind, bytes: &[u8]) -> Result<u64, StoreError> {
        let number = self.numbers(kind)?.last().map_or(1, |last| last.saturating_add(1));
        self.replace(&self.path(kind, number), bytes)?;
        Ok(number)
    }

    /// Removes all archives except the newest `keep` and the one in use.
    ///
    /// # Errors
    /// Returns an error if one cannot be removed.
    pub fn prune(
        &self,
        _lock: &LockedStore<'_>,
        kind: ArchiveKind,
        keep: usize,
        in_use: Option<u64>,
    ) -> Result<(), StoreError> {
        let numbers = self.numbers(kind)?;
        let old = numbers.len().saturating_sub(keep);
        let spare = numbers.iter().take(old).filter(|number| Some(**number) != in_use);
        spare.copied().try_for_each(|number| file::remove(&self.path(kind, number)))
    }

    /// Moves an unusable record to quarantine and returns what to tell the user.
    ///
    /// # Errors
    /// Returns an error if it cannot be moved.
    pub fn quarantine_record(&self, _lock: &LockedStore<'_>, now: &Timestamp, why: &str) -> Result<String, StoreError> {
        quarantine(&self.layout, &self.record_path(), now, why)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        if !file::exists(&self.directory)? {
            file::make_dir(&self.directory)?;
            file::sync_dir(&self.layout.protected_stores())?;
        }
        let temp = self.directory.join("new.tmp");
        let replaced = file::replace(&temp, path, bytes, file::Durability::Full);
        if replaced.is_err() {
            // A partial file on a full disk only takes space. The first error is the one to report.
            let _ = file::remove(&temp);
        }
        replaced
    }
}
