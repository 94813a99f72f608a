//! The input of the rules, and the records that they change.

use crate::decision::Notification;
use crate::draft::Draft;
use crate::event::Event;
use crate::id::{RunId, SessionId};
use crate::process::Process;
use crate::reason::Reason;
use crate::request::{Reading, Request};
use crate::run::{Run, Status};
use crate::session::{Launch, Session};
use crate::timestamp::Timestamp;

/// A request and the working copies of its records.
pub struct RuleContext<'a> {
    /// The request.
    pub request: &'a Request,
    /// The working copies of the records.
    pub draft: Draft,
}

impl<'a> RuleContext<'a> {
    /// Returns the context for a request before any rule has applied.
    #[must_use]
    pub fn new(request: &'a Request) -> Self {
        Self { request, draft: Draft::new(request) }
    }

    /// Returns the time of the decision.
    #[must_use]
    pub const fn now(&self) -> &'a Timestamp {
        &self.request.now
    }

    /// Returns the result of reading a run's record.
    #[must_use]
    pub fn run_reading(&self, id: &RunId) -> &'a Reading<Run> {
        let named = self.request.snapshot.runs.iter().find(|named| named.id == id.as_str());
        named.map_or(&Reading::Absent, |named| &named.reading)
    }

    /// Returns the unfinished run with this id.
    ///
    /// # Errors
    ///
    /// Returns the reason to refuse a command about the run if the run is missing, unreadable or ended, or if the database
    /// that decides it cannot be asked.
    pub fn unfinished_run(&self, id: &RunId) -> Result<&Run, Reason> {
        match self.run_reading(id) {
            Reading::Unreadable => Err(Reason::RecordUnreadable),
            Reading::Absent | Reading::Deleted => Err(Reason::RunNotFound),
            Reading::Live(_) | Reading::Archived(_) => match self.draft.run(id) {
                None => Err(Reason::RunNotFound),
                Some(run) => match run.status {
                    Status::Done | Status::Failed | Status::Cancelled => Err(Reason::AlreadyEnded),
                    _ if self.is_unreachable(run) => Err(Reason::FleetUnreachable),
                    Status::Abandoned => Err(Reason::AlreadyEnded),
                    Status::Active | Status::Waiting | Status::Paused => Ok(run),
                },
            },
        }
    }

    /// Returns the unfinished runs that a session owns: its record names them, and their records name the session as
    /// the owner.
    #[must_use]
    pub fn unfinished_runs_of(&self, session: &SessionId) -> Vec<RunId> {
        let mut runs = Vec::new();
        for id in self.draft.session(session).map(|session| session.runs.as_slice()).unwrap_or_default() {
            let run = self.draft.run(id);
            if run.is_some_and(|run| run.status.is_unfinished() && run.owner.is_session(session)) {
                runs.push(id.clone());
            }
        }
        runs
    }
}

/// An event that names a session and a process, and the notifications for its reply.
pub struct EventContext<'a> {
    /// The request and its records.
    pub rules: RuleContext<'a>,
    /// The event.
    pub event: &'a Event,
    /// The session that it names.
    pub session: &'a SessionId,
    /// The process that sent it.
    pub process: &'a Process,
    /// The notifications for the model and the user.
    pub notifications: Vec<Notification>,
}

impl EventContext<'_> {
    /// Returns the session's record.
    #[must_use]
    pub fn record(&self) -> Option<&Session> {
        self.rules.draft.session(self.session)
    }

    /// Returns the session's record, for changing it.
    pub fn record_mut(&mut self) -> Option<&mut Session> {
        self.rules.draft.session_mut(self.session)
    }

    /// Returns the launch of the session in the event's process.
    #[must_use]
    pub fn launch(&self) -> Option<&Launch> {
        self.record()?.launch(self.process)
    }

    /// Returns the time at which the agent sent the event. That is when the hook started, which is earlier than the
    /// decision because the hook waits for the lock.
    #[must_use]
    pub fn sent(&self) -> Timestamp {
        let mut at = self.rules.now().clone();
        let waited = at.boot_ms.saturating_sub(self.event.hook_start_ms);
        at.boot_ms -= waited;
        at.unix_ms = at.unix_ms.saturating_sub(waited);
        at
    }
}
