//! The number of the state's format, the identity of its lock file, and where baton is disabled.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::time::UNIX_EPOCH;

use agent_baton_core::id::RunId;
use serde::{Deserialize, Serialize};

use super::disabled::Disabled;
use super::error::StoreError;
use super::file;
use super::layout::Layout;
use super::lock::LockError;

/// The format that this version reads and writes.
pub(super) const FORMAT: u64 = 1;

/// As many projects as a person disables one by one fit into it.
const MAX_FORMAT: u64 = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Format {
    pub(super) format: u64,
    /// The lock file with which the state was last in order.
    pub(super) lock: Identity,
    /// How far the fences were raised for another one, where that was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) raised: Option<Raised>,
    /// Unfinished runs, maybe, that could not be read while the fences were raised: theirs are raised once they can be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) unraised: Vec<RunId>,
    /// It stands here because every event reads this file anyway.
    #[serde(default, skip_serializing_if = "Disabled::is_nowhere")]
    pub(super) disabled: Disabled,
}

/// How far the fences of a state that was put back from a copy were raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Raised {
    /// For which lock file.
    pub(super) lock: Identity,
    /// The last run, in the order of ids, whose fence was.
    pub(super) to: RunId,
}

/// What a copy of the lock file does not have in common with it.
///
/// The device's number is left out: it changes from boot to boot on btrfs, LVM and overlays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    inode: u64,
    /// When the file was made, in nanoseconds since 1970; none where the file system does not say.
    created_ns: Option<u64>,
}

/// All that every format has.
#[derive(Deserialize)]
struct Number {
    format: u64,
}

impl Format {
    /// A state that is in order with this lock file.
    pub(super) fn of(lock: Identity) -> Self {
        Self { format: FORMAT, lock, raised: None, unraised: Vec::new(), disabled: Disabled::default() }
    }
}

impl Identity {
    /// That of no file.
    pub(super) const NONE: Self = Self { inode: 0, created_ns: None };

    pub(super) fn of(lock: &File, layout: &Layout) -> Result<Self, StoreError> {
        let path = layout.lock();
        let meta = lock.metadata().map_err(StoreError::io("look at", &path))?;
        let created = meta.created().ok();
        let since = created.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok(Self { inode: meta.ino(), created_ns: since.and_then(|since| u64::try_from(since.as_nanos()).ok()) })
    }
}

/// Reads the format; none where there is no such file.
///
/// # Errors
///
/// A newer format, and a file that cannot be read: neither may be written to.
pub(super) fn read(layout: &Layout) -> Result<Option<Format>, LockError> {
    let path = layout.format();
    let Some(bytes) = file::read(&path, MAX_FORMAT)? else {
        return Ok(None);
    };
    let wrong = |error| StoreError::unreadable(&path, format!("does not say a format ({error})"));
    let number: Number = serde_json::from_slice(&bytes).map_err(wrong)?;
    if number.format > FORMAT {
        return Err(LockError::NewerFormat { path, found: number.format, ours: FORMAT });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|error| wrong(error).into())
}

/// Writes the format, durably. Where baton is disabled stays as it is: a person may disable it without the lock.
pub(super) fn write(layout: &Layout, mut format: Format) -> Result<(), LockError> {
    format.disabled = read(layout)?.map(|format| format.disabled).unwrap_or_default();
    Ok(put(layout, "format", &format)?)
}

/// Writes the format by way of a temporary file of this name.
pub(super) fn put(layout: &Layout, temp: &str, format: &Format) -> Result<(), StoreError> {
    let path = layout.format();
    let bytes = serde_json::to_vec(format).map_err(|error| StoreError::io("write", &path)(error.into()))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_FORMAT) {
        let limit = usize::try_from(MAX_FORMAT).unwrap_or(usize::MAX);
        return Err(StoreError::TooLong { path, bytes: bytes.len(), limit });
    }
    file::replace(&layout.temp_of(temp), &path, &bytes)
}
