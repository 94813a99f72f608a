//! Reads a project's backups, and says what to do about one that cannot be used.

use baton_display::error_chain;
use baton_store::{ArchiveKind, ProtectedStore, StoreError};

use super::entry::Digest;
use super::limits::MAX_ARCHIVE_BYTES;
use super::state::{Backup, ProjectRecord};
use super::tar_archive::FileArchive;

/// A backup that a record needs and that is missing or damaged.
#[derive(Debug, PartialEq, Eq)]
pub struct DamagedBackup {
    /// What is wrong, as a sentence without its period.
    pub what: String,
    /// The number of the newest other backup that can be used.
    pub other: Option<u64>,
}

/// Reads a backup, if it is exactly the file that was written. Otherwise returns what is wrong with it, as the predicate of a
/// sentence. If the system does not allow reading it now, that is an error, because the backup may be intact.
pub(crate) fn read_backup(store: &ProtectedStore, saved: &Backup) -> Result<Result<FileArchive, String>, StoreError> {
    let bytes = match store.archive(ArchiveKind::Backup, saved.number, MAX_ARCHIVE_BYTES) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(Err("is gone".to_owned())),
        Err(StoreError::Unreadable { what, .. }) => return Ok(Err(what)),
        Err(error) => return Err(error),
    };
    if Digest::of(&bytes) != saved.sha256 {
        return Ok(Err("is damaged: its digest does not match".to_owned()));
    }
    Ok(FileArchive::parse(&bytes).map_err(|error| error_chain(&error)))
}

/// Returns what is wrong with the backup that a record needs, or `None` if it can be used or none is needed.
///
/// # Errors
/// Returns an error if the system does not allow reading it now.
pub fn damaged_backup(store: &ProtectedStore, record: &ProjectRecord) -> Result<Option<DamagedBackup>, StoreError> {
    let Some(saved) = record.backup() else { return Ok(None) };
    Ok(read_backup(store, saved)?.err().map(|why| DamagedBackup::new(store, saved.number, &why)))
}

impl DamagedBackup {
    pub(crate) fn new(store: &ProtectedStore, number: u64, why: &str) -> Self {
        let others = store.numbers(ArchiveKind::Backup).unwrap_or_default();
        let is_usable = |other: &u64| {
            let bytes = store.archive(ArchiveKind::Backup, *other, MAX_ARCHIVE_BYTES).ok().flatten();
            bytes.is_some_and(|bytes| FileArchive::parse(&bytes).is_ok())
        };
        Self {
            what: format!("the backup {} {why}", store.path(ArchiveKind::Backup, number).display()),
            other: others.into_iter().rev().filter(|other| *other != number).find(is_usable),
        }
    }
}
