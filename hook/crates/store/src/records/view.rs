//! The records as a reader sees them. A commit in flight counts as completed.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use agent_baton_core::decision::Location;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Process;
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;

use crate::error::StoreError;
use crate::file::{self, MAX_RECORD};
use crate::index::lookup::{IndexFile, IndexKey};
use crate::records::{self, StoredRecord};
use crate::state_dir::layout::{self, Layout, Target};
use crate::wal::entry::{self, CommitRecord, TargetState, WalEntry};

/// A consistent view of the records at one time.
pub struct View<'a> {
    layout: &'a Layout,
    machine: &'a str,
    wal: Option<CommitRecord>,
    /// Whether the index is complete. It is checked at the first use.
    indexed: OnceCell<bool>,
}

/// The sessions and runs of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRecords {
    /// The worktree root.
    pub path: String,
    /// Its newest sessions that have not ended, newest last.
    pub sessions: Vec<SessionId>,
    /// Its newest unfinished runs, newest last.
    pub runs: Vec<RunId>,
}

/// A value that changes whenever a commit begins or ends. If it is the same before and after a read, no commit happened
/// in between.
///
/// Every commit creates wal.json, and extends the audit before it removes wal.json.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReadVersion {
    commit: Option<(u64, i64, i64)>,
    audit: Option<(u64, u64)>,
}

impl ReadVersion {
    pub(crate) fn read(layout: &Layout) -> Result<Self, StoreError> {
        let look = |path: &Path| match fs::symlink_metadata(path) {
            Ok(meta) => Ok(Some(meta)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("inspect", path)(error)),
        };
        let commit = look(&layout.wal())?;
        let audit = look(&layout.audit(0))?;
        Ok(Self {
            commit: commit.map(|meta| (meta.ino(), meta.ctime(), meta.ctime_nsec())),
            audit: audit.map(|meta| (meta.ino(), meta.len())),
        })
    }
}

impl<'a> View<'a> {
    /// Creates a view. An unreadable wal.json is ignored, because the files that it names are unknown. The next holder
    /// of the lock moves it to quarantine.
    pub(crate) fn new(layout: &'a Layout, machine: &'a str) -> Self {
        Self { layout, machine, wal: entry::read(layout).ok().flatten(), indexed: OnceCell::new() }
    }

    /// Returns a session from the live records, or else from the archive.
    #[must_use]
    pub fn session(&self, id: &SessionId) -> Reading<Session> {
        self.record(id)
    }

    /// Returns a session with its location. It also finds sessions in the trash, which a user deleted or which have
    /// expired.
    ///
    /// # Errors
    ///
    /// Returns an error if the record with this id cannot be read.
    pub fn find_session(&self, id: &SessionId) -> Result<Option<(Location, Session)>, StoreError> {
        self.find(id)
    }

    /// Returns a run from the live records, or else from the archive. The archived record of a cancelled run is its
    /// tombstone.
    #[must_use]
    pub fn run(&self, id: &RunId) -> Reading<Run> {
        self.record(id)
    }

    /// Returns what is wrong with an unreadable session.
    #[must_use]
    pub fn session_error(&self, id: &SessionId) -> Option<StoreError> {
        self.find::<Session>(id).err()
    }

    /// Returns what is wrong with an unreadable run.
    #[must_use]
    pub fn run_error(&self, id: &RunId) -> Option<StoreError> {
        self.find::<Run>(id).err()
    }

    /// Returns the newest sessions, at most 16, that have a launch in a process, ended or not. The newest is last.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError::IndexMissing`] if the index must be rebuilt first. Take the lock to do so.
    pub fn by_process(&self, process: &Process) -> Result<Vec<SessionId>, StoreError> {
        Ok(self.index_file(&IndexKey::process(process))?.sessions)
    }

    /// Returns the newest sessions, at most 16, that have a launch in a pane, ended or not. The newest is last. An
    /// unknown pane has no sessions.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Self::by_process`].
    pub fn by_pane(&self, pane: &Pane) -> Result<Vec<SessionId>, StoreError> {
        let key = IndexKey::pane(pane);
        key.map_or_else(|| Ok(Vec::new()), |key| Ok(self.index_file(&key)?.sessions))
    }

    /// Returns the sessions and runs of the project with this worktree root, at most 64 of each.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Self::by_process`].
    pub fn project(&self, path: &str) -> Result<ProjectRecords, StoreError> {
        let index_file = self.index_file(&IndexKey::project(path))?;
        Ok(ProjectRecords { path: path.to_owned(), sessions: index_file.sessions, runs: index_file.runs })
    }

    /// Returns the unfinished runs whose project is the directory with this identity, at most 64, whatever its path was.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Self::by_process`].
    pub fn runs_of_directory(&self, identity: &str) -> Result<Vec<RunId>, StoreError> {
        Ok(self.index_file(&IndexKey::directory(identity))?.runs)
    }

    pub(crate) fn sessions(&self, location: Location) -> Result<Vec<SessionId>, StoreError> {
        let names = file::list_names(&self.layout.sessions(location))?;
        Ok(self.overlay_ids(layout::ids(&names).collect(), |target| match target {
            Target::Session { location: on, id } if *on == location => Some(id.clone()),
            _ => None,
        }))
    }

    pub(crate) fn runs(&self, location: Location) -> Result<Vec<RunId>, StoreError> {
        let names = file::list_names(&self.layout.runs(location))?;
        Ok(self.overlay_ids(layout::ids(&names).collect(), |target| match target {
            Target::Run { location: on, id } if *on == location => Some(id.clone()),
            _ => None,
        }))
    }

    /// Returns the ids in a directory, as they are after the commit in flight.
    fn overlay_ids<T: Ord>(&self, mut ids: BTreeSet<T>, id: impl Fn(&Target) -> Option<T>) -> Vec<T> {
        let entries = self.wal.iter().flat_map(|wal| &wal.entries);
        for (entry, id) in entries.filter_map(|entry| Some((entry, id(&entry.target)?))) {
            if entry.after.is_some() {
                ids.insert(id);
            } else {
                ids.remove(&id);
            }
        }
        ids.into_iter().collect()
    }

    fn record<T: StoredRecord>(&self, id: &T::Id) -> Reading<T> {
        reading(self.find(id))
    }

    fn find<T: StoredRecord>(&self, id: &T::Id) -> Result<Option<(Location, T)>, StoreError> {
        for location in T::LOCATIONS {
            if let Some(bytes) = self.bytes(&T::target(*location, id))? {
                let record = records::parse(self.layout, *location, id, &bytes)?;
                return Ok(Some((*location, record)));
            }
        }
        Ok(None)
    }

    fn index_file(&self, key: &IndexKey) -> Result<IndexFile, StoreError> {
        self.indexed()?;
        match self.bytes(&key.target()) {
            Ok(Some(bytes)) => IndexFile::parse(self.layout, key, &bytes),
            Ok(None) => Ok(IndexFile::new(key)),
            Err(StoreError::Unreadable { path, .. }) => Err(StoreError::IndexMissing { path }),
            Err(error) => Err(error),
        }
    }

    /// Returns an error if the index is not complete.
    fn indexed(&self) -> Result<(), StoreError> {
        let whole = self.layout.index_complete();
        let indexed = || file::exists(&whole).unwrap_or(false);
        if *self.indexed.get_or_init(indexed) { Ok(()) } else { Err(StoreError::IndexMissing { path: whole }) }
    }

    /// Returns the content of a file, as it is after the commit in flight.
    fn bytes(&self, target: &Target) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.layout.target(target).1;
        let Some(wal) = &self.wal else {
            return file::read(&path, MAX_RECORD);
        };
        let mut entries = wal.entries.iter().enumerate();
        let Some((i, entry)) = entries.find(|(_, entry)| entry.target == *target) else {
            return file::read(&path, MAX_RECORD);
        };
        if wal.machine != self.machine {
            return Err(StoreError::unreadable(&path, "is in a commit that another machine did not complete"));
        }
        self.overlay(i, entry, &path)
    }

    fn overlay(&self, i: usize, entry: &WalEntry, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(version) = &entry.after else {
            return Ok(None);
        };
        // Reads the temporary file first. If it is gone, the new version has been renamed into place.
        if let Some(bytes) = entry::staged(self.layout, i, version) {
            return Ok(Some(bytes));
        }
        if TargetState::read_or_unreadable(self.layout, &entry.target).is_after(entry) {
            return file::read(path, MAX_RECORD);
        }
        Err(StoreError::unreadable(path, "is in a commit whose new version is missing"))
    }
}

fn reading<T: StoredRecord>(found: Result<Option<(Location, T)>, StoreError>) -> Reading<T> {
    match found {
        Ok(None) => Reading::Absent,
        Ok(Some((Location::Live, record))) => Reading::Live(record),
        Ok(Some((Location::Trash, record))) if record.is_deleted() => Reading::Deleted,
        Ok(Some((Location::Archive | Location::Trash, record))) => Reading::Archived(record),
        Err(_) => Reading::Unreadable,
    }
}
