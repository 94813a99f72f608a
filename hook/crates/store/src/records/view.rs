//! The records as a reader sees them: a commit in flight counts as done.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use agent_baton_core::decision::Location;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Process;
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;

use crate::cache::directory_listing;
use crate::error::StoreError;
use crate::file::{self, MAX_RECORD};
use crate::index::lookup::{IndexFile, IndexKey};
use crate::index::recent::RecentSessions;
use crate::records::{self, StoredRecord};
use crate::state_dir::layout::{self, Layout, Target};
use crate::wal::entry::{self, CommitRecord, TargetState, WalEntry};

/// The records of one moment.
pub struct View<'a> {
    layout: &'a Layout,
    machine: &'a str,
    wal: Option<CommitRecord>,
    /// Whether the index holds every record; looked up at its first use.
    indexed: OnceCell<bool>,
}

/// What belongs to a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRecords {
    /// The worktree root.
    pub path: String,
    /// Its newest sessions that are not over, newest last.
    pub sessions: Vec<SessionId>,
    /// Its newest unfinished runs, newest last.
    pub runs: Vec<RunId>,
}

/// What changes whenever a commit begins or ends: while it stays the same, no commit came between.
///
/// Every commit makes wal.json appear, and makes the audit grow before wal.json goes.
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
            Err(error) => Err(StoreError::io("look at", path)(error)),
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
    /// A wal.json that cannot be read overlays nothing: what it names cannot be known. The next holder of the lock
    /// sets it aside.
    pub(crate) fn new(layout: &'a Layout, machine: &'a str) -> Self {
        Self { layout, machine, wal: entry::read(layout).ok().flatten(), indexed: OnceCell::new() }
    }

    /// A session: among the live ones, else in the archive.
    #[must_use]
    pub fn session(&self, id: &SessionId) -> Reading<Session> {
        self.record(id)
    }

    /// A session that was listed on a location: it is looked for there first, and wherever it may have gone since.
    #[must_use]
    pub fn session_at(&self, location: Location, id: &SessionId) -> Reading<Session> {
        match self.find_on(&[location], id) {
            Ok(None) => self.session(id),
            found => reading(found),
        }
    }

    /// A session that a user deleted or that is kept no longer, as it stands in the trash; and on which location any other stands.
    ///
    /// # Errors
    ///
    /// Where what stands under the id cannot be read.
    pub fn find_session(&self, id: &SessionId) -> Result<Option<(Location, Session)>, StoreError> {
        self.find(id)
    }

    /// A run: among the live ones, else in the archive. An archived run that was cancelled is its own tombstone.
    #[must_use]
    pub fn run(&self, id: &RunId) -> Reading<Run> {
        self.record(id)
    }

    /// What is wrong with a session that reads as unreadable.
    #[must_use]
    pub fn session_error(&self, id: &SessionId) -> Option<StoreError> {
        self.find::<Session>(id).err()
    }

    /// What is wrong with a run that reads as unreadable.
    #[must_use]
    pub fn run_error(&self, id: &RunId) -> Option<StoreError> {
        self.find::<Run>(id).err()
    }

    /// The newest sessions, at most 16, that have a launch in a process, ended or not; the newest last.
    ///
    /// # Errors
    ///
    /// [`StoreError::IndexMissing`] where the index must be rebuilt first: take the lock.
    pub fn by_process(&self, process: &Process) -> Result<Vec<SessionId>, StoreError> {
        Ok(self.index_file(&IndexKey::process(process))?.sessions)
    }

    /// The newest sessions, at most 16, that have a launch in a pane, ended or not; the newest last. None for a pane that
    /// is not known.
    ///
    /// # Errors
    ///
    /// As [`Self::by_process`].
    pub fn by_pane(&self, pane: &Pane) -> Result<Vec<SessionId>, StoreError> {
        let key = IndexKey::pane(pane);
        key.map_or_else(|| Ok(Vec::new()), |key| Ok(self.index_file(&key)?.sessions))
    }

    /// What belongs to the project with this worktree root, at most 64 of each.
    ///
    /// # Errors
    ///
    /// As [`Self::by_process`].
    pub fn project(&self, path: &str) -> Result<ProjectRecords, StoreError> {
        let index_file = self.index_file(&IndexKey::project(path))?;
        Ok(ProjectRecords { path: path.to_owned(), sessions: index_file.sessions, runs: index_file.runs })
    }

    /// The sessions, at most 64, that a user gave this name; on either location, the newest last.
    ///
    /// # Errors
    ///
    /// As [`Self::by_process`].
    pub fn by_name(&self, name: &str) -> Result<Vec<SessionId>, StoreError> {
        if self.recent_sessions()?.incomplete {
            return Err(StoreError::IndexMissing { path: self.layout.target(&Target::Recent).1 });
        }
        Ok(self.index_file(&IndexKey::name(name))?.sessions)
    }

    /// The newest sessions, and those that are not over.
    ///
    /// # Errors
    ///
    /// As [`Self::by_process`].
    pub fn recent_sessions(&self) -> Result<RecentSessions, StoreError> {
        self.indexed()?;
        let path = self.layout.target(&Target::Recent).1;
        match self.bytes(&Target::Recent) {
            Ok(Some(bytes)) => RecentSessions::parse(self.layout, &bytes),
            // A state of a version that kept none.
            Ok(None) | Err(StoreError::Unreadable { .. }) => Err(StoreError::IndexMissing { path }),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn sessions(&self, location: Location, beginning: &str) -> Result<Vec<SessionId>, StoreError> {
        let names = self.names(location, &self.layout.sessions(location), "archived-sessions", beginning)?;
        Ok(self.overlay_ids(layout::ids(&names).collect(), |target| match target {
            Target::Session { location: on, id } if *on == location && id.as_str().starts_with(beginning) => {
                Some(id.clone())
            }
            _ => None,
        }))
    }

    pub(crate) fn runs(&self, location: Location, beginning: &str) -> Result<Vec<RunId>, StoreError> {
        let names = self.names(location, &self.layout.runs(location), "archived-runs", beginning)?;
        Ok(self.overlay_ids(layout::ids(&names).collect(), |target| match target {
            Target::Run { location: on, id } if *on == location && id.as_str().starts_with(beginning) => {
                Some(id.clone())
            }
            _ => None,
        }))
    }

    /// Of the shelves only the archive grows for years: its names are remembered.
    fn names(
        &self,
        location: Location,
        directory: &Path,
        memory: &'static str,
        beginning: &str,
    ) -> Result<Vec<String>, StoreError> {
        match location {
            Location::Archive => {
                directory_listing::list_with_prefix(self.layout, directory, memory, beginning, SystemTime::now())
            }
            Location::Live | Location::Trash => file::list_names_with_prefix(directory, beginning),
        }
    }

    /// The ids of a directory as the commit in flight leaves it.
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
        self.find_on(T::SHELVES, id)
    }

    fn find_on<T: StoredRecord>(&self, shelves: &[Location], id: &T::Id) -> Result<Option<(Location, T)>, StoreError> {
        for location in shelves {
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

    /// Checks that the index holds every record.
    fn indexed(&self) -> Result<(), StoreError> {
        let whole = self.layout.index_complete();
        let indexed = || file::exists(&whole).unwrap_or(false);
        if *self.indexed.get_or_init(indexed) { Ok(()) } else { Err(StoreError::IndexMissing { path: whole }) }
    }

    /// The content of a file as the commit in flight leaves it.
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
            return Err(StoreError::unreadable(&path, "is in a commit that another machine did not end"));
        }
        self.overlay(i, entry, &path)
    }

    fn overlay(&self, i: usize, entry: &WalEntry, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(version) = &entry.after else {
            return Ok(None);
        };
        // The temporary file first: once it is gone, the new version is in place.
        if let Some(bytes) = entry::staged(self.layout, i, version) {
            return Ok(Some(bytes));
        }
        if TargetState::read_or_unreadable(self.layout, &entry.target).is_after(entry) {
            return file::read(path, MAX_RECORD);
        }
        Err(StoreError::unreadable(path, "is in a commit whose new version is gone"))
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
