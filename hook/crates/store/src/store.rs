//! The store without the lock.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use agent_baton_core::decision::Location;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::process::HostId;

use crate::audit::{self, AuditReader};
use crate::error::StoreError;
use crate::file;
use crate::records::view::{ReadVersion, View};
use crate::state_dir::StateDir;
use crate::state_dir::disabled::Disabled;
use crate::state_dir::format;
use crate::state_dir::layout::{self, Layout};

/// How often a read is repeated if a commit interferes.
const TRIES: u32 = 20;

/// The state directory of one machine and account. Opening it does not access the file system.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) layout: Layout,
    pub(crate) place: HostId,
}

/// Reasons, visible in the state directory, why an event cannot take the fast path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingWork {
    /// A commit is in flight or was interrupted.
    pub commit: bool,
    /// Events wait in the inbox.
    pub inbox: bool,
    /// Whether the state directory has this version's format. Otherwise nothing may be written, not even to a log.
    pub format: bool,
    /// Where the user disabled baton.
    pub disabled: Disabled,
}

impl PendingWork {
    /// Returns whether nothing prevents the fast path.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.commit && !self.inbox && self.format
    }
}

impl Store {
    /// Returns the store in a state directory, used from `place`.
    #[must_use]
    pub fn open(home: &StateDir, place: &HostId) -> Self {
        Self { layout: Layout::new(home.path().to_owned()), place: place.clone() }
    }

    /// Returns the path of the state directory, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.layout.root()
    }

    /// Reads records consistently. If a commit begins or ends in the meantime, `read` runs again, so it must have no
    /// side effects.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError::Contended`] if commits keep interfering. Take the lock instead.
    pub fn read<T>(&self, read: impl Fn(&View<'_>) -> T) -> Result<T, StoreError> {
        for tried in 0..TRIES {
            if tried > 0 {
                thread::sleep(Duration::from_millis(1));
            }
            let before = ReadVersion::read(&self.layout)?;
            let result = read(&View::new(&self.layout, &self.place.machine));
            if ReadVersion::read(&self.layout)? == before {
                return Ok(result);
            }
        }
        Err(StoreError::Contended { path: self.layout.root().to_owned() })
    }

    /// Returns what is pending. This takes two lstats and a read of the small format file.
    ///
    /// # Errors
    ///
    /// Returns an error if the state directory cannot be accessed.
    pub fn pending(&self) -> Result<PendingWork, StoreError> {
        let format = format::read(&self.layout).ok().flatten();
        Ok(PendingWork {
            commit: file::exists(&self.layout.wal())?,
            inbox: file::exists(&self.layout.inbox())?,
            format: format.is_some(),
            disabled: format.map(|format| format.disabled).unwrap_or_default(),
        })
    }

    /// Returns the audit, newest line first.
    ///
    /// # Errors
    ///
    /// Returns an error if a file of the audit cannot be opened.
    pub fn audit(&self) -> Result<AuditReader, StoreError> {
        AuditReader::open(&self.layout)
    }

    /// Returns the files of the audit with lines that cannot be used, and how many each has. It reads the whole audit, so it is
    /// only for commands.
    ///
    /// # Errors
    ///
    /// Returns an error if a file of the audit cannot be opened.
    pub fn damaged_audit_lines(&self) -> Result<Vec<(PathBuf, u64)>, StoreError> {
        audit::damaged_lines(&self.layout)
    }

    /// Returns the directories whose files tell of a change, for whoever watches the state. They may not exist yet.
    #[must_use]
    pub fn watched_directories(&self) -> Vec<PathBuf> {
        vec![
            self.layout.root().to_owned(),
            self.layout.sessions(Location::Live),
            self.layout.runs(Location::Live),
            self.layout.audit_dir(),
            self.layout.protected_stores(),
        ]
    }

    /// Returns what changes when a file in one of these directories does, for whoever must look because not every file system
    /// tells of changes. It reads no file.
    #[must_use]
    pub fn change_stamp(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for directory in self.watched_directories() {
            // One that does not exist or cannot be listed has no files here. Reading the state says why.
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                if let Some(meta) = entry.metadata().ok().filter(fs::Metadata::is_file) {
                    let file = (entry.file_name(), meta.ino(), meta.len());
                    (file, meta.mtime(), meta.mtime_nsec()).hash(&mut hasher);
                }
            }
        }
        hasher.finish()
    }

    /// Returns the ids of all runs in a location, in order. It lists a directory, so it is only for commands.
    ///
    /// # Errors
    ///
    /// Returns an error if the directory cannot be listed.
    pub fn runs(&self, location: Location) -> Result<Vec<RunId>, StoreError> {
        View::new(&self.layout, &self.place.machine).runs(location)
    }

    /// Returns the ids of at most `most` live sessions, in no particular order. The cost does not grow with the number
    /// of sessions.
    ///
    /// # Errors
    ///
    /// Returns an error if the directory cannot be listed.
    pub fn some_sessions(&self, most: usize) -> Result<Vec<agent_baton_core::id::SessionId>, StoreError> {
        // Every record may have a log in the same directory.
        let names = file::list_some_names(&self.layout.sessions(Location::Live), most.saturating_mul(2))?;
        Ok(layout::ids(&names).collect())
    }

    /// Returns the ids of all sessions in a location, in order. It lists a directory, so it is only for commands.
    ///
    /// # Errors
    ///
    /// Returns an error if the directory cannot be listed.
    pub fn sessions(&self, location: Location) -> Result<Vec<SessionId>, StoreError> {
        View::new(&self.layout, &self.place.machine).sessions(location)
    }
}

impl Store {
    /// Returns the path of the catalogue, which need not exist.
    #[must_use]
    pub fn catalogue_path(&self) -> PathBuf {
        self.layout.cache_dir().join("catalogue.mdb")
    }
}
