//! The file `format`: the version of the state's format, the identity of its lock file, and where baton is disabled.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::time::UNIX_EPOCH;

use agent_baton_core::id::RunId;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::file;
use crate::lock::LockError;
use crate::state_dir::disabled::Disabled;
use crate::state_dir::layout::Layout;

/// The format that this version reads and writes.
pub(crate) const FORMAT: u64 = 2;

/// The maximum size of the file, in bytes. It has space for all projects that a user disables one by one.
const MAX_FORMAT_BYTES: u64 = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Format {
    pub(crate) format: u64,
    /// The lock file for which the state was last recovered.
    pub(crate) lock: LockFileId,
    /// The progress of an interrupted raising of fences, for another lock file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bump_progress: Option<BumpProgress>,
    /// The runs that could not be read when the fences were raised, and may be unfinished. Their fences are raised once
    /// they are readable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pending_bumps: Vec<RunId>,
    /// Where baton is disabled. It is part of this file because every event reads the file anyway.
    #[serde(default, skip_serializing_if = "Disabled::is_nowhere")]
    pub(crate) disabled: Disabled,
}

/// The progress of raising the fences after the state directory was restored from a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BumpProgress {
    /// The lock file for which the fences are raised.
    pub(crate) lock: LockFileId,
    /// The last run, in the order of ids, whose fence was raised.
    pub(crate) to: RunId,
}

/// The identity of a lock file, which a copy does not share.
///
/// It does not contain the device's number, which can change at every boot on btrfs, LVM and overlays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LockFileId {
    inode: u64,
    /// When the file was created, in nanoseconds since 1970, or `None` if the file system does not say.
    created_ns: Option<u64>,
}

/// The part of the file that every format has.
#[derive(Deserialize)]
struct Number {
    format: u64,
}

impl Format {
    /// Returns the format of a state that is recovered for this lock file.
    pub(crate) fn new(lock: LockFileId) -> Self {
        Self { format: FORMAT, lock, bump_progress: None, pending_bumps: Vec::new(), disabled: Disabled::default() }
    }
}

impl LockFileId {
    /// The identity of no file.
    pub(crate) const NONE: Self = Self { inode: 0, created_ns: None };

    pub(crate) fn from_file(lock: &File, layout: &Layout) -> Result<Self, StoreError> {
        let path = layout.lock();
        let meta = lock.metadata().map_err(StoreError::io("inspect", &path))?;
        let created = meta.created().ok();
        let since = created.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok(Self { inode: meta.ino(), created_ns: since.and_then(|since| u64::try_from(since.as_nanos()).ok()) })
    }
}

/// Reads the format, or returns `None` if there is no such file.
///
/// # Errors
///
/// Returns an error if the format is newer or the file cannot be read. The state directory must then not be written.
pub(crate) fn read(layout: &Layout) -> Result<Option<Format>, LockError> {
    let path = layout.format();
    let Some(bytes) = file::read(&path, MAX_FORMAT_BYTES)? else {
        return Ok(None);
    };
    let wrong = |error| StoreError::unreadable(&path, format!("does not state a format ({error})"));
    let number: Number = serde_json::from_slice(&bytes).map_err(wrong)?;
    if number.format > FORMAT {
        return Err(LockError::NewerFormat { path, found: number.format, ours: FORMAT });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|error| wrong(error).into())
}

/// Writes the format durably. It keeps the setting where baton is disabled, because a user may change that without the
/// lock.
pub(crate) fn write(layout: &Layout, mut format: Format) -> Result<(), LockError> {
    format.disabled = read(layout)?.map(|format| format.disabled).unwrap_or_default();
    Ok(put(layout, "format", &format)?)
}

/// Writes the format through a temporary file with this name.
pub(crate) fn put(layout: &Layout, temp: &str, format: &Format) -> Result<(), StoreError> {
    let path = layout.format();
    let bytes = file::to_json(&path, format, MAX_FORMAT_BYTES)?;
    file::replace(&layout.temp_of(temp), &path, &bytes, file::Durability::Full)
}
