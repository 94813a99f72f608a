//! Lists sessions with their status, filtered and sorted. All verdicts of one call come from one liveness check.

mod foreign_loops;
mod page;

use std::cmp::Reverse;

use agent_baton_core::background_work::MAX_WAIT_MS;
use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Live;
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};
use agent_baton_core::timestamp::Timestamp;

pub use foreign_loops::loop_project;
pub use page::{Cursor, ListQuery, Page, Search};

use crate::context::{Context, SystemLiveness};
use crate::error::CommandError;
use agent_baton_core::liveness::Liveness;
use baton_catalogue::{By, Kind};
use baton_engine::left_owner::left_for;
use baton_engine::liveness::session_liveness;
use baton_engine::session_status::{SessionStatus, StatusSince, is_conclusive, session_status};
use baton_store::{LONG_LOG_BYTES, LogTail, RECENT_LOG_BYTES, StoreError};

/// How many of the newest sessions a user is likely to mean by the beginning of an id.
const NEWEST: usize = 256;

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

/// The sessions that have not ended, and the unfinished runs.
pub struct Overview {
    /// The sessions: the pinned ones and then the others, each most recently opened first.
    pub sessions: Vec<ListedSession>,
    /// The runs, and whether the owner of each is alive.
    pub runs: Vec<(Run, Live)>,
    /// The records that cannot be read.
    pub unreadable: Vec<(String, Option<StoreError>)>,
    /// The current time.
    pub now: Timestamp,
    /// How old the last heartbeat of a lost session may be, in milliseconds.
    max_lost_age_ms: u64,
}

impl Overview {
    /// Returns the session to which the user went on in the window of a run's owner, if they left the owner.
    #[must_use]
    pub fn left_for(&self, run: &Run) -> Option<&SessionId> {
        left_for(run, self.sessions.iter().map(|seen| &*seen.session))
    }

    /// Returns the sessions that `baton resume` resumes. It leaves out headless sessions and sessions of long
    /// ago. A session without a conversation is not lost but empty.
    pub fn lost(&self) -> impl Iterator<Item = &ListedSession> {
        let lost = self.sessions.iter().filter(|it| it.standing.status == SessionStatus::Lost && !it.session.headless);
        lost.filter(|it| it.standing.since.age_ms(&self.now) <= self.max_lost_age_ms)
    }

    /// Whether a loop has waited for background work of its agent for longer than it waits for one task.
    #[must_use]
    pub fn waits_long(&self, run: &Run) -> bool {
        run.background_work_since().is_some_and(|since| since.age_ms(&self.now) >= MAX_WAIT_MS)
    }

    /// Returns whether a run's owner is alive, from the verdict on its session if that has not ended.
    fn owner_liveness(&self, reader: &SessionReader<'_>, run: &Run) -> Live {
        let Some(seen) = self.sessions.iter().find(|it| run.owner.session.as_ref() == Some(&it.session.id)) else {
            return reader.context.owner_liveness(&reader.liveness, run);
        };
        let launches = seen.session.launches.iter().zip(&seen.launches);
        let owner = launches.into_iter().find(|(launch, _)| launch.process == run.owner.process);
        owner.map_or(Live::Unknown, |(_, judged)| judged.live)
    }
}

/// Reads sessions and determines their status.
pub struct SessionReader<'a> {
    context: &'a Context,
    liveness: SystemLiveness,
    now: Timestamp,
}

impl<'a> SessionReader<'a> {
    /// Creates a reader that has probed nothing yet.
    #[must_use]
    pub fn new(context: &'a Context) -> Self {
        Self { context, liveness: context.liveness_check(), now: context.now() }
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
        ListedSession { session, archived, launches, standing }
    }

    fn log(&self, session: &Session) -> LogTail {
        let tail = |bytes| self.context.store().tail(&session.id, bytes).unwrap_or_default();
        let recent = tail(RECENT_LOG_BYTES);
        if recent.size > RECENT_LOG_BYTES && !is_conclusive(session, &recent) { tail(LONG_LOG_BYTES) } else { recent }
    }

    /// Returns the sessions that have not ended, and the unfinished runs.
    ///
    /// # Errors
    /// Returns an error if the state cannot be listed.
    pub fn overview(&self) -> Result<Overview, CommandError> {
        let store = self.context.store();
        let Page { mut sessions, unreadable, .. } = self.open_sessions()?;
        sessions.sort_by_key(|seen| !seen.session.pinned);
        // The configuration is needed only if a session is lost.
        let any_lost = sessions.iter().any(|it| it.standing.status == SessionStatus::Lost);
        let max_lost_age_ms = if any_lost { self.context.settings().config().stale_after.ms() } else { 0 };
        let now = self.now.clone();
        let mut seen = Overview { sessions, runs: Vec::new(), unreadable: Vec::new(), now, max_lost_age_ms };
        seen.unreadable.extend(unreadable.into_iter().map(|(id, why)| (id.to_string(), why)));
        for id in store.runs(Location::Live)? {
            match store.read(|view| view.run(&id))? {
                Reading::Live(run) => {
                    let live = seen.owner_liveness(self, &run);
                    seen.runs.push((run, live));
                }
                Reading::Unreadable => {
                    let why = store.read(|view| view.run_error(&id)).ok().flatten();
                    seen.unreadable.push((id.to_string(), why));
                }
                Reading::Archived(_) | Reading::Absent | Reading::Deleted => {}
            }
        }
        seen.runs.sort_by_key(|(run, _)| (Reverse(run.created.sort_key(&self.now)), run.id.clone()));
        Ok(seen)
    }

    /// Returns the ids of the newest sessions, which a user is likely to mean.
    ///
    /// # Errors
    /// Returns an error if the state cannot be read.
    pub fn newest_ids(&self) -> Result<Vec<String>, CommandError> {
        let newest = self.context.catalogue().get()?.newest(Kind::Session, By::All, None)?;
        Ok(newest.take(NEWEST).map(|found| Ok(found?.id)).collect::<Result<_, StoreError>>()?)
    }

    fn read(&self, id: &SessionId) -> Result<Reading<Session>, StoreError> {
        self.context.store().read(|view| view.session(id))
    }

    /// Returns the id of a record that cannot be read, and why.
    fn unreadable(&self, id: &SessionId) -> (SessionId, Option<StoreError>) {
        (id.clone(), self.context.store().read(|view| view.session_error(id)).ok().flatten())
    }
}
