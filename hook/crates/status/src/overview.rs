//! The sessions that have not ended, and the unfinished runs.

use std::cmp::Reverse;
use std::collections::HashSet;

use agent_baton_core::background_work::MAX_WAIT_MS;
use agent_baton_core::decision::Location;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::process::Live;
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;

use crate::json::is_handed_over;
use crate::page::Page;
use crate::reader::{ListedSession, SessionReader, owner_liveness};
use crate::remote_run::RemoteRun;
use baton_engine::left_owner::left_for;
use baton_engine::session_status::SessionStatus;
use baton_store::StoreError;

/// The sessions that have not ended, and the unfinished runs.
pub struct Overview {
    /// The sessions: the pinned ones and then the others, each most recently opened first.
    pub sessions: Vec<ListedSession>,
    /// The runs, and whether the owner of each is alive.
    ///
    /// A run of a fleet whose owner is on another machine is not among them.
    pub runs: Vec<(Run, Live)>,
    /// The unfinished runs whose owner is on another machine of the fleet, the newest first.
    pub elsewhere: Vec<RemoteRun>,
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

    /// Returns the projects of the sessions and runs.
    pub(crate) fn projects(&self) -> impl Iterator<Item = &str> {
        let of_sessions = self.sessions.iter().filter_map(|seen| seen.session.project.as_deref());
        of_sessions.chain(self.runs.iter().filter_map(|(run, _)| run.project.as_deref()))
    }

    /// Returns the sessions whose liveness is unknown.
    pub fn unknown(&self) -> impl Iterator<Item = &ListedSession> {
        self.sessions.iter().filter(|it| it.standing.status == SessionStatus::Unknown && !it.is_dismissed)
    }

    /// Returns the sessions that a user dismissed, and that have not gone on since.
    pub fn dismissed(&self) -> impl Iterator<Item = &ListedSession> {
        self.sessions.iter().filter(|it| it.is_dismissed)
    }

    /// Returns the sessions that `baton resume` resumes. It leaves out headless and dismissed sessions, and sessions of long
    /// ago. A session without a conversation is not lost but empty.
    pub fn lost(&self) -> impl Iterator<Item = &ListedSession> {
        let lost = self
            .sessions
            .iter()
            .filter(|it| it.standing.status == SessionStatus::Lost && !it.session.headless && !it.is_dismissed);
        lost.filter(|it| it.standing.since.age_ms(&self.now) <= self.max_lost_age_ms)
    }

    fn sort_elsewhere(&mut self) {
        let Self { elsewhere, now, .. } = self;
        elsewhere.sort_by_cached_key(|it| (Reverse(it.run.created.sort_key(now)), it.run.id.clone()));
    }

    /// Whether a loop has waited for background work of its agent for longer than it waits for one task.
    #[must_use]
    pub fn waits_long(&self, run: &Run) -> bool {
        run.background_work_since().is_some_and(|since| since.age_ms(&self.now) >= MAX_WAIT_MS)
    }

    /// Returns whether a run's owner is alive, from the verdict on its session if that has not ended.
    fn owner_liveness(&self, reader: &SessionReader<'_>, run: &Run) -> Live {
        // Its last owner's process says nothing about it any more.
        if is_handed_over(run) {
            return Live::Unknown;
        }
        let Some(seen) = self.sessions.iter().find(|it| run.owner.session.as_ref() == Some(&it.session.id)) else {
            return owner_liveness(reader.store(), &reader.liveness, run);
        };
        let launches = seen.session.launches.iter().zip(&seen.launches);
        let owner = launches.into_iter().find(|(launch, _)| launch.process == run.owner.process);
        owner.map_or(Live::Unknown, |(_, judged)| judged.live)
    }
}

impl SessionReader<'_> {
    /// Returns the sessions that have not ended, and the unfinished runs.
    ///
    /// # Errors
    /// Returns an error if the state cannot be listed.
    pub fn overview(&self) -> Result<Overview, StoreError> {
        let store = self.store();
        let Page { mut sessions, unreadable, .. } = self.open_sessions()?;
        sessions.sort_by_key(|seen| !seen.session.pinned);
        // The configuration is needed only if a session is lost.
        let any_lost = sessions.iter().any(|it| it.standing.status == SessionStatus::Lost);
        let max_lost_age_ms = if any_lost { self.settings.config().stale_after.ms() } else { 0 };
        let now = self.now.clone();
        let mut seen = Overview {
            sessions,
            runs: Vec::new(),
            elsewhere: Vec::new(),
            unreadable: Vec::new(),
            now,
            max_lost_age_ms,
        };
        seen.unreadable.extend(unreadable.into_iter().map(|(id, why)| (id.to_string(), why)));
        for id in store.runs(Location::Live)? {
            match store.read(|view| view.run(&id))? {
                Reading::Live(run) => {
                    // The files about the fleet are needed only if a run is in one.
                    let remote = run.fleet.as_ref().and_then(|_| self.others().of_copy(&run));
                    match remote {
                        Some(remote) => seen.elsewhere.push(remote),
                        None => {
                            let live = seen.owner_liveness(self, &run);
                            seen.runs.push((run, live));
                        }
                    }
                }
                Reading::Unreadable => {
                    let why = store.read(|view| view.run_error(&id)).ok().flatten();
                    seen.unreadable.push((id.to_string(), why));
                }
                Reading::Archived(_) | Reading::Absent | Reading::Deleted => {}
            }
        }
        seen.runs.sort_by_key(|(run, _)| (Reverse(run.created.sort_key(&self.now)), run.id.clone()));
        seen.sort_elsewhere();
        Ok(seen)
    }

    /// Adds the runs of other machines that have no copy here, or an older one.
    pub(crate) fn add_rows(&self, seen: &mut Overview) {
        let rows = self.remote_rows();
        let newer: HashSet<&RunId> = rows.iter().map(|row| &row.run.id).collect();
        seen.runs.retain(|(run, _)| !newer.contains(&run.id));
        seen.elsewhere.retain(|it| !newer.contains(&it.run.id));
        seen.elsewhere.extend(rows);
        seen.sort_elsewhere();
    }

    /// Returns whether the user named the database of a fleet.
    #[must_use]
    pub fn is_fleet_configured(&self) -> bool {
        self.settings.config().fleet.is_configured()
    }

    /// Returns the unfinished runs of other machines that have no record here, or a copy of an older row. The newest is the
    /// first. Without a fleet, its files are not looked for.
    #[must_use]
    pub fn remote_rows(&self) -> Vec<RemoteRun> {
        if !self.is_fleet_configured() {
            return Vec::new();
        }
        // A copy in the archive may be newer, too: the row was read before the run ended.
        let revision = |id: &RunId| match self.store().read(|view| view.run(id)) {
            Ok(Reading::Live(run) | Reading::Archived(run)) => Some(run.fleet.map_or(u64::MAX, |fleet| fleet.revision)),
            _ => None,
        };
        let mut rows: Vec<RemoteRun> = self.others().of_rows(revision).collect();
        rows.sort_by_cached_key(|it| (Reverse(it.run.created.sort_key(&self.now)), it.run.id.clone()));
        rows
    }

    /// Returns whether the processes that an overview named still are as it saw them. It reads no record.
    #[must_use]
    pub fn is_current(&self, seen: &Overview) -> bool {
        let sessions = || {
            seen.sessions.iter().all(|it| {
                let now = self.liveness.launches(&it.session);
                now.iter().map(|verdict| verdict.live).eq(it.launches.iter().map(|verdict| verdict.live))
            })
        };
        let commands = seen.runs.iter().filter(|(run, _)| run.owner.session.is_none());
        sessions() && { commands }.all(|(run, live)| owner_liveness(self.store(), &self.liveness, run) == *live)
    }
}
