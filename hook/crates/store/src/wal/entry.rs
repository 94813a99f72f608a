//! wal.json: the commit in flight.

use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::StoreError;
use crate::file;
use crate::state_dir::layout::{Hash, Layout, Target};

/// The largest wal.json, in bytes: the entries and one audit line.
pub(crate) const MAX_WAL_BYTES: u64 = 4 * 1024 * 1024;

/// A commit, as the next holder of the lock needs it to bring it to its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CommitRecord {
    /// The machine that wrote it. No other redoes it.
    pub(crate) machine: String,
    /// When it was decided.
    pub(crate) at: Timestamp,
    /// What it changes. The new version of entry `i` is the temporary file `i`.
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
    /// The revision before; none: it is created.
    pub(crate) before: Option<u64>,
    /// The new version; none: it is removed.
    pub(crate) after: Option<NewVersion>,
    /// What follows once the file is in place. Each can be done again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) effects: Vec<Effect>,
}

/// What a commit does beside writing records and index files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    /// A session came to the archive or the trash: retention finds it there when it is due.
    AddToExpiryBucket { location: Location, id: SessionId },
    /// The session's log goes where its record went.
    MoveSessionLog { id: SessionId, from: Location, to: Location },
    /// The log goes with a record that is removed for good.
    RemoveSessionLog { id: SessionId, location: Location },
    /// So do the messages that were kept of the session.
    RemoveConversation { id: SessionId },
}

/// A new version of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewVersion {
    /// Its revision.
    pub(crate) revision: u64,
    /// The hash of its bytes: a temporary file with others is of another commit.
    pub(crate) hash: Hash,
}

/// What every file of a commit has.
#[derive(Deserialize)]
struct Head {
    revision: u64,
}

/// What stands at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetState {
    Absent,
    Revision(u64),
    Unreadable,
}

impl TargetState {
    /// Looks at a target. What the system fails to read counts as unreadable.
    pub(crate) fn read_or_unreadable(layout: &Layout, target: &Target) -> Self {
        Self::read(layout, target).unwrap_or(Self::Unreadable)
    }

    /// Looks at a target.
    ///
    /// # Errors
    ///
    /// Where the system fails to read it, which the next try may not find again.
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

    /// Whether it is at the revision before a commit.
    pub(crate) fn is_before(self, entry: &WalEntry) -> bool {
        self == entry.before.map_or(Self::Absent, Self::Revision)
    }

    /// Whether it is at the revision after a commit, or at a later one.
    pub(crate) fn is_after(self, entry: &WalEntry) -> bool {
        match (self, &entry.after) {
            (Self::Revision(present), Some(after)) => present >= after.revision,
            (Self::Revision(present), None) => entry.before.is_some_and(|before| present > before),
            (Self::Absent, None) => true,
            (Self::Absent, Some(_)) | (Self::Unreadable, _) => false,
        }
    }
}

/// The new version of entry `i`, where its temporary file is still there and is this commit's. One that the system fails to read
/// counts as gone.
pub(crate) fn staged(layout: &Layout, i: usize, version: &NewVersion) -> Option<Vec<u8>> {
    read_staged(layout, i, version).ok().flatten()
}

/// The same.
///
/// # Errors
///
/// Where the system fails to read it, which the next try may not find again.
pub(crate) fn read_staged(layout: &Layout, i: usize, version: &NewVersion) -> Result<Option<Vec<u8>>, StoreError> {
    match file::read(&layout.temp(i), file::MAX_RECORD) {
        Ok(bytes) => Ok(bytes.filter(|bytes| Hash::of(bytes) == version.hash)),
        Err(error @ StoreError::Io { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Reads the commit in flight; none where there is none.
pub(crate) fn read(layout: &Layout) -> Result<Option<CommitRecord>, StoreError> {
    let path = layout.wal();
    let Some(bytes) = file::read(&path, MAX_WAL_BYTES)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| StoreError::unreadable(&path, format!("is no commit of baton ({error})")))
}
