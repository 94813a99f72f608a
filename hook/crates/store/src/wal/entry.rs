//! wal.json: the commit in flight.

use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::StoreError;
use crate::file;
use crate::state_dir::layout::{Hash, Layout, Target};

/// The maximum size of wal.json, in bytes: the entries and one audit line.
pub(crate) const MAX_WAL_BYTES: u64 = 4 * 1024 * 1024;

/// A commit, with everything that the next holder of the lock needs to complete it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CommitRecord {
    /// The machine that wrote it. Only that machine replays it.
    pub(crate) machine: String,
    /// When it was decided.
    pub(crate) at: Timestamp,
    /// The changed files. The new version of entry `i` is the temporary file `i`.
    pub(crate) entries: Vec<WalEntry>,
    /// The number of its audit line.
    pub(crate) audit: u64,
    /// Its audit line.
    pub(crate) line: Box<RawValue>,
}

/// One file of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WalEntry {
    pub(crate) target: Target,
    /// The revision before the commit, or `None` if the file is created.
    pub(crate) before: Option<u64>,
    /// The new version, or `None` if the file is removed.
    pub(crate) after: Option<NewVersion>,
    /// The effects that follow after the file is in place. Each can be repeated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) effects: Vec<Effect>,
}

/// What a commit does besides writing records and index files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    /// Lists a session that moved to the archive or the trash, so that retention finds it when it expires.
    AddToExpiryBucket { location: Location, id: SessionId },
    /// Moves the session's log to the new location of its record.
    MoveSessionLog { id: SessionId, from: Location, to: Location },
    /// Removes the log of a record that is removed permanently.
    RemoveSessionLog { id: SessionId, location: Location },
    /// Removes the stored messages of such a session.
    RemoveConversation { id: SessionId },
}

/// A new version of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewVersion {
    /// Its revision.
    pub(crate) revision: u64,
    /// The hash of its bytes. A temporary file with another hash belongs to another commit.
    pub(crate) hash: Hash,
}

/// The part of a record or index file that every version has.
#[derive(Deserialize)]
struct Head {
    revision: u64,
}

/// The current content of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetState {
    Absent,
    Revision(u64),
    Unreadable,
}

impl TargetState {
    /// Reads a target. A file that cannot be read counts as unreadable.
    pub(crate) fn read_or_unreadable(layout: &Layout, target: &Target) -> Self {
        Self::read(layout, target).unwrap_or(Self::Unreadable)
    }

    /// Reads a target.
    ///
    /// # Errors
    ///
    /// Returns an error if reading fails, which may be temporary.
    pub(crate) fn read(layout: &Layout, target: &Target) -> Result<Self, StoreError> {
        Ok(match file::read(&layout.target(target).1, file::MAX_RECORD) {
            Ok(None) => Self::Absent,
            Ok(Some(bytes)) => {
                serde_json::from_slice::<Head>(&bytes).map_or(Self::Unreadable, |head| Self::Revision(head.revision))
            }
            Err(error @ StoreError::Io { .. }) => return Err(error),
            Err(_) => Self::Unreadable,
        })
    }

    /// Returns whether the target has the revision before the commit.
    pub(crate) fn is_before(self, entry: &WalEntry) -> bool {
        self == entry.before.map_or(Self::Absent, Self::Revision)
    }

    /// Returns whether the target has the revision after the commit, or a later one.
    pub(crate) fn is_after(self, entry: &WalEntry) -> bool {
        match (self, &entry.after) {
            (Self::Revision(present), Some(after)) => present >= after.revision,
            (Self::Revision(present), None) => entry.before.is_some_and(|before| present > before),
            (Self::Absent, None) => true,
            (Self::Absent, Some(_)) | (Self::Unreadable, _) => false,
        }
    }
}

/// Returns the new version of entry `i` if its temporary file still exists and belongs to this commit. A file that
/// cannot be read counts as missing.
pub(crate) fn staged(layout: &Layout, i: usize, version: &NewVersion) -> Option<Vec<u8>> {
    read_staged(layout, i, version).ok().flatten()
}

/// Returns the new version of entry `i` if its temporary file still exists and belongs to this commit.
///
/// # Errors
///
/// Returns an error if reading fails, which may be temporary.
pub(crate) fn read_staged(layout: &Layout, i: usize, version: &NewVersion) -> Result<Option<Vec<u8>>, StoreError> {
    match file::read(&layout.temp(i), file::MAX_RECORD) {
        Ok(bytes) => Ok(bytes.filter(|bytes| Hash::of(bytes) == version.hash)),
        Err(error @ StoreError::Io { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Reads the commit in flight, or returns `None` if there is none.
pub(crate) fn read(layout: &Layout) -> Result<Option<CommitRecord>, StoreError> {
    let path = layout.wal();
    let Some(bytes) = file::read(&path, MAX_WAL_BYTES)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| StoreError::unreadable(&path, format!("is not a commit of baton ({error})")))
}
