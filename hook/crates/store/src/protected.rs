//! What is kept of one project's protected files: a record, and packs numbered upward.

use std::path::{Path, PathBuf};

use agent_baton_core::timestamp::Timestamp;

use crate::error::StoreError;
use crate::file::{self, MAX_RECORD};
use crate::locked_store::LockedStore;
use crate::quarantine::quarantine;
use crate::state_dir::layout::{Hash, Layout};
use crate::store::Store;

/// What a pack is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// The files as the first session of a project found them.
    Backup,
    /// What stood in their place when they were restored.
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

/// The directory of one project. Whoever writes must hold the lock.
#[derive(Debug, Clone)]
pub struct ProtectedStore {
    layout: Layout,
    directory: PathBuf,
}

impl Store {
    /// What is kept of a project, by its path. Opening it touches nothing.
    #[must_use]
    pub fn protected_store(&self, project: &str) -> ProtectedStore {
        let directory = self.layout.protected_store(&Hash::of(project.as_bytes()));
        ProtectedStore { layout: self.layout.clone(), directory }
    }

    /// What is kept of every project. For commands: it lists a directory.
    ///
    /// # Errors
    /// Where the directory cannot be listed.
    pub fn protected_stores(&self) -> Result<Vec<ProtectedStore>, StoreError> {
        let names = file::list_names(&self.layout.protected_stores())?;
        let hashes = names.into_iter().filter_map(|name| Hash::try_from(name).ok());
        Ok(hashes
            .map(|hash| ProtectedStore { layout: self.layout.clone(), directory: self.layout.protected_store(&hash) })
            .collect())
    }
}

impl ProtectedStore {
    /// Where the record stands, for messages.
    #[must_use]
    pub fn record_path(&self) -> PathBuf {
        self.directory.join("record.json")
    }

    /// Where a pack stands, for messages.
    #[must_use]
    pub fn path(&self, kind: ArchiveKind, number: u64) -> PathBuf {
        self.directory.join(format!("{}-{number}.tar", kind.word()))
    }

    /// The record's bytes; none where there is no record.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn record(&self) -> Result<Option<Vec<u8>>, StoreError> {
        file::read(&self.record_path(), MAX_RECORD)
    }

    /// A pack's bytes; none where there is none of that number.
    ///
    /// # Errors
    /// Where it cannot be read, or has more than `cap` bytes.
    pub fn pack(&self, kind: ArchiveKind, number: u64, cap: u64) -> Result<Option<Vec<u8>>, StoreError> {
        file::read(&self.path(kind, number), cap)
    }

    /// The numbers of the packs, the oldest first. Files of other names are none.
    ///
    /// # Errors
    /// Where the directory cannot be listed.
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

    /// Writes the record in one step, durably.
    ///
    /// # Errors
    /// Where it cannot be written; the old one stands.
    pub fn write_record(&self, _lock: &LockedStore<'_>, bytes: &[u8]) -> Result<(), StoreError> {
        self.replace(&self.record_path(), bytes)
    }

    /// Writes a pack under the number above the highest, durably.
    ///
    /// # Errors
    /// Where it cannot be written; there is no pack then.
    pub fn add(&self, _lock: &LockedStore<'_>, kind: ArchiveKind, bytes: &[u8]) -> Result<u64, StoreError> {
        let number = self.numbers(kind)?.last().map_or(1, |last| last.saturating_add(1));
        self.replace(&self.path(kind, number), bytes)?;
        Ok(number)
    }

    /// Removes all packs but the newest, and but the one in use.
    ///
    /// # Errors
    /// Where one cannot be removed.
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

    /// Moves a record that cannot be used out of the way, and says where to.
    ///
    /// # Errors
    /// Where it cannot be moved.
    pub fn quarantine_record(&self, _lock: &LockedStore<'_>, now: &Timestamp, why: &str) -> Result<String, StoreError> {
        quarantine(&self.layout, &self.record_path(), now, why)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        if !file::exists(&self.directory)? {
            file::make_dir(&self.directory)?;
            file::sync_dir(&self.layout.protected_stores())?;
        }
        let temp = self.directory.join("new.tmp");
        let replaced = file::replace_durably(&temp, path, bytes);
        if replaced.is_err() {
            // On a full disk half a file is in everybody's way; the error that is told is the first one.
            let _ = file::remove(&temp);
        }
        replaced
    }
}
