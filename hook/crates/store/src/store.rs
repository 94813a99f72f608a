//! The store without the lock.

use std::path::Path;
use std::thread;
use std::time::Duration;

use agent_baton_core::decision::Location;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::process::HostId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::audit::AuditReader;
use crate::cache;
use crate::error::StoreError;
use crate::file;
use crate::records::view::{ReadVersion, View};
use crate::state_dir::StateDir;
use crate::state_dir::disabled::Disabled;
use crate::state_dir::format;
use crate::state_dir::layout::{self, Layout};

/// How often a read is tried anew when a commit came between.
const TRIES: u32 = 20;

/// The state directory of one machine and account. Opening it touches nothing.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) layout: Layout,
    pub(crate) place: HostId,
}

/// What keeps an event from the fast path, as far as the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingWork {
    /// A commit is in flight, or was cut off.
    pub commit: bool,
    /// Events wait in the inbox.
    pub inbox: bool,
    /// The state has this version's format; without it nothing may be written, not even to a log.
    pub format: bool,
    /// Where baton is disabled.
    pub disabled: Disabled,
}

impl PendingWork {
    /// Whether nothing is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.commit && !self.inbox && self.format
    }
}

impl Store {
    /// The store of a home, used from `place`.
    #[must_use]
    pub fn open(home: &StateDir, place: &HostId) -> Self {
        Self { layout: Layout::new(home.path().to_owned()), place: place.clone() }
    }

    /// The state directory, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.layout.root()
    }

    /// Reads records as they stood at one moment: when a commit begins or ends meanwhile, `read` runs again. Nothing it
    /// does may have an effect.
    ///
    /// # Errors
    ///
    /// [`StoreError::Contended`] when commits kept coming: take the lock instead.
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

    /// What is pending: two lstats and the format's few bytes.
    ///
    /// # Errors
    ///
    /// Where the state directory cannot be looked at.
    pub fn pending(&self) -> Result<PendingWork, StoreError> {
        let format = format::read(&self.layout).ok().flatten();
        Ok(PendingWork {
            commit: file::exists(&self.layout.wal())?,
            inbox: file::exists(&self.layout.inbox())?,
            format: format.is_some(),
            disabled: format.map(|format| format.disabled).unwrap_or_default(),
        })
    }

    /// The audit, newest line first.
    ///
    /// # Errors
    ///
    /// Where a file of the audit cannot be opened.
    pub fn audit(&self) -> Result<AuditReader, StoreError> {
        AuditReader::open(&self.layout)
    }

    /// The ids of all runs on a location, in order. For commands: it lists a directory.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be listed.
    pub fn runs(&self, location: Location) -> Result<Vec<RunId>, StoreError> {
        View::new(&self.layout, &self.place.machine).runs(location, "")
    }

    /// The ids of some live sessions, at most `most`, in no order: what it costs does not grow with how many there are.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be listed.
    pub fn some_sessions(&self, most: usize) -> Result<Vec<agent_baton_core::id::SessionId>, StoreError> {
        // Every record may have a log beside it.
        let names = file::list_some_names(&self.layout.sessions(Location::Live), most.saturating_mul(2))?;
        Ok(layout::ids(&names).collect())
    }

    /// The ids of all sessions on a location, in order. For commands: it lists a directory.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be listed.
    pub fn sessions(&self, location: Location) -> Result<Vec<SessionId>, StoreError> {
        View::new(&self.layout, &self.place.machine).sessions(location, "")
    }

    /// The ids of the sessions on either location that begin so, in order, each with the location that counts. It lists two directories, and
    /// opens no record.
    ///
    /// # Errors
    ///
    /// Where a directory cannot be listed.
    pub fn sessions_with_prefix(&self, text: &str) -> Result<Vec<(SessionId, Location)>, StoreError> {
        let view = View::new(&self.layout, &self.place.machine);
        let mut ids = Vec::new();
        for location in [Location::Live, Location::Archive] {
            ids.extend(view.sessions(location, text)?.into_iter().map(|id| (id, location)));
        }
        // The sort keeps the order of equals: of two copies the live one stays.
        ids.sort_by(|(a, _), (b, _)| a.cmp(b));
        ids.dedup_by(|(a, _), (b, _)| a == b);
        Ok(ids)
    }

    /// The ids of the runs on a location that begin so, in order. It lists a directory, and opens no record.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be listed.
    pub fn runs_with_prefix(&self, location: Location, text: &str) -> Result<Vec<RunId>, StoreError> {
        View::new(&self.layout, &self.place.machine).runs(location, text)
    }
}

impl Store {
    /// What was remembered under a name; none where there is nothing, or nothing that this version can read.
    #[must_use]
    pub fn cache_get<T: DeserializeOwned>(&self, name: &'static str) -> Option<T> {
        cache::get(&self.layout, name)
    }

    /// Remembers something under a name, where that can be done: it is not synced, and nothing is written to the state of a newer version.
    pub fn cache_put<T: Serialize>(&self, name: &'static str, what: &T) {
        cache::put(&self.layout, name, what);
    }
}
