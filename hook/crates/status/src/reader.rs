//! Lists sessions with their status, filtered and sorted. All verdicts of one call come from one liveness check.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Live;
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};
use agent_baton_core::timestamp::Timestamp;

use crate::answered;
use crate::other_machines::OtherMachines;
use agent_baton_core::liveness::Liveness;
use baton_agents::AgentInspector;
use baton_catalogue::{By, Kind, LazyCatalogue};
use baton_engine::config::Settings;
use baton_engine::liveness::{LivenessCheck, session_liveness};
use baton_engine::session_status::{StatusSince, is_conclusive, session_status};
use baton_store::{LONG_LOG_BYTES, LogTail, RECENT_LOG_BYTES, Store, StoreError};

/// How many of the newest sessions a user is likely to mean by the beginning of an id.
pub const NEWEST: usize = 256;

/// A liveness check on this system.
pub type SystemLiveness = LivenessCheck<'static>;

/// A session and its status.
#[derive(Debug, Clone)]
pub struct ListedSession {
    /// The session. It is boxed because it is large and moved from list to list.
    pub session: Box<Session>,
    /// Whether its record is in the archive.
    pub archived: bool,
    /// Whether each of its launches is alive, in the order of the launches.
    pub launches: Vec<Liveness>,
    /// Its status, and since when.
    pub standing: StatusSince,
    /// Whether a user dismissed it, and its status has not changed since.
    pub is_dismissed: bool,
}

impl ListedSession {
    /// Returns whether it is alive.
    #[must_use]
    pub fn verdict(&self) -> Liveness {
        session_liveness(&self.session, &self.launches)
    }

    /// Returns the live launches.
    pub fn live_launches(&self) -> impl Iterator<Item = &Launch> {
        let launches = self.session.launches.iter().zip(&self.launches);
        launches.filter(|(_, judged)| judged.live == Live::Yes).map(|(launch, _)| launch)
    }

    /// Returns the newest live launch, or else the newest launch.
    #[must_use]
    pub fn current_launch(&self) -> Option<&Launch> {
        let started = |launch: &&Launch| launch.started.unix_ms;
        self.live_launches().max_by_key(started).or_else(|| self.session.launches.iter().max_by_key(started))
    }

    /// Returns the pane of that launch.
    #[must_use]
    pub fn pane(&self) -> Option<&Pane> {
        self.current_launch().map(|launch| &launch.pane)
    }
}

/// Reads sessions and determines their status.
pub struct SessionReader<'a> {
    pub(crate) catalogue: &'a LazyCatalogue,
    pub(crate) inspector: &'a AgentInspector<'static>,
    pub(crate) settings: &'a Settings,
    pub(crate) liveness: SystemLiveness,
    pub(crate) now: Timestamp,
    others: OnceCell<OtherMachines>,
}

impl<'a> SessionReader<'a> {
    /// Creates a reader that has probed nothing yet.
    #[must_use]
    pub fn new(catalogue: &'a LazyCatalogue, inspector: &'a AgentInspector<'static>, settings: &'a Settings) -> Self {
        Self {
            catalogue,
            inspector,
            settings,
            liveness: LivenessCheck::new(inspector),
            now: inspector.now(),
            others: OnceCell::new(),
        }
    }

    pub(crate) const fn store(&self) -> &'a Store {
        self.catalogue.store()
    }

    /// Returns what is known about the other machines of the fleet. The files are read at the first call.
    pub fn others(&self) -> &OtherMachines {
        self.others.get_or_init(|| OtherMachines::read(self.store(), self.now.clone()))
    }

    /// Returns a session with its status.
    #[must_use]
    pub fn assess(&self, session: impl Into<Box<Session>>, archived: bool) -> ListedSession {
        let session = session.into();
        let launches = self.liveness.launches(&session);
        // The record of an ended session has its status. If a log cannot be read, the record alone determines it.
        let log = match session.ended {
            Some(_) => LogTail::default(),
            None => self.log(&session),
        };
        let standing = session_status(&session, &launches, &log, &self.now);
        let standing = answered::after_answer(&session, &self.now, &standing).unwrap_or(standing);
        let dismissed = session.dismissed.as_ref();
        let is_dismissed = dismissed.is_some_and(|at| !standing.since.is_after(at, &self.now));
        ListedSession { session, archived, launches, standing, is_dismissed }
    }

    fn log(&self, session: &Session) -> LogTail {
        let tail = |bytes| self.store().tail(&session.id, bytes).unwrap_or_default();
        let recent = tail(RECENT_LOG_BYTES);
        if recent.size > RECENT_LOG_BYTES && !is_conclusive(session, &recent) { tail(LONG_LOG_BYTES) } else { recent }
    }

    /// Returns the ids of this many of the newest sessions, such as [`NEWEST`].
    ///
    /// # Errors
    /// Returns an error if the state cannot be read.
    pub fn newest_ids(&self, most: usize) -> Result<BTreeSet<String>, StoreError> {
        let newest = self.catalogue.get()?.newest(Kind::Session, By::All, None)?;
        newest.take(most).map(|found| Ok(found?.id)).collect()
    }

    pub(crate) fn read(&self, id: &SessionId) -> Result<Reading<Session>, StoreError> {
        self.store().read(|view| view.session(id))
    }

    /// Returns the id of a record that cannot be read, and why.
    pub(crate) fn unreadable(&self, id: &SessionId) -> (SessionId, Option<StoreError>) {
        (id.clone(), self.store().read(|view| view.session_error(id)).ok().flatten())
    }
}

/// Returns whether a run's owner is alive, according to this check.
#[must_use]
pub fn owner_liveness(store: &Store, liveness: &SystemLiveness, run: &Run) -> Live {
    let Some(id) = &run.owner.session else {
        return liveness.command(run, &store.supervisor_lock_path(run.project.as_deref(), &run.name));
    };
    let Ok(Reading::Live(session) | Reading::Archived(session)) = store.read(|view| view.session(id)) else {
        return Live::Unknown;
    };
    session.launch(&run.owner.process).map_or(Live::Unknown, |launch| liveness.launch(&session, launch).live)
}
