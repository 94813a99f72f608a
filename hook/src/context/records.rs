//! Reads records for commands.

use agent_baton_core::decision::Location;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;

use super::{Context, current_directory};
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use baton_store::{AuditReader, StoreError, View};
use baton_system::worktree;

impl Context {
    /// Returns a run.
    ///
    /// # Errors
    /// Returns an error if the run is not found or cannot be read.
    pub fn run(&self, id: &RunId) -> Result<Run, CommandError> {
        match self.read(|view| (view.run(id), view.run_error(id)))? {
            (Reading::Live(run) | Reading::Archived(run), _) => Ok(run),
            (Reading::Absent | Reading::Deleted, _) => Err(CommandError::not_found(format!("no run has the id {id}"))),
            (Reading::Unreadable, why) => Err(unreadable(why)),
        }
    }

    /// Reads a run, and returns the result even if it is not a record.
    ///
    /// # Errors
    /// Returns an error if the state keeps changing.
    pub fn read_run(&self, id: &RunId) -> Result<Reading<Run>, CommandError> {
        self.read(|view| view.run(id))
    }

    /// Returns whether there is a record of a session, be it readable or not, in any location.
    ///
    /// # Errors
    /// Returns an error if the state keeps changing.
    pub fn knows_session(&self, id: &SessionId) -> Result<bool, CommandError> {
        Ok(self.read(|view| view.find_session(id))?.as_ref().map_or(true, Option::is_some))
    }

    /// Returns a session, and whether it is archived.
    ///
    /// # Errors
    /// Returns an error if the session is not found or cannot be read.
    pub fn session(&self, id: &SessionId) -> Result<(Session, bool), CommandError> {
        match self.read(|view| (view.session(id), view.session_error(id)))? {
            (Reading::Live(session), _) => Ok((session, false)),
            (Reading::Archived(session), _) => Ok((session, true)),
            (Reading::Absent, _) => Err(CommandError::not_found(format!("no session has the id {id}"))),
            (Reading::Deleted, _) => Err(deleted_session(id)),
            (Reading::Unreadable, why) => Err(unreadable(why)),
        }
    }

    /// Returns the unfinished runs. A run that cannot be read is reported on stderr and left out.
    ///
    /// # Errors
    /// Returns an error if the state cannot be listed.
    pub fn unfinished_runs(&self) -> Result<Vec<Run>, CommandError> {
        let ids = self.store().runs(Location::Live)?;
        Ok(ids.iter().filter_map(|id| readable(self.run(id))).collect())
    }

    /// Returns the live sessions. A session that cannot be read is reported on stderr and left out.
    ///
    /// # Errors
    /// Returns an error if the state cannot be listed.
    fn live_sessions(&self) -> Result<Vec<Session>, CommandError> {
        let ids = self.store().sessions(Location::Live)?;
        Ok(ids.iter().filter_map(|id| readable(self.session(id))).map(|(session, _)| session).collect())
    }

    /// Returns the sessions of the current directory's project that have not ended.
    ///
    /// # Errors
    /// Returns an error if the state cannot be read.
    pub fn project_sessions(&self) -> Result<Vec<Session>, CommandError> {
        let directory = current_directory()?;
        let Some(root) = worktree::find_root(&directory) else { return Ok(Vec::new()) };
        let links = match self.read(|view| view.project(&root))? {
            Err(StoreError::IndexMissing { .. }) => return self.project_sessions_from_records(&root),
            links => links?,
        };
        Ok(links.sessions.iter().filter_map(|id| self.session(id).ok()).map(|(session, _)| session).collect())
    }

    fn project_sessions_from_records(&self, root: &str) -> Result<Vec<Session>, CommandError> {
        let here = |session: &Session| session.ended.is_none() && session.project.as_deref() == Some(root);
        Ok(self.live_sessions()?.into_iter().filter(here).collect())
    }

    /// Returns the recorded decisions, newest first.
    ///
    /// # Errors
    /// Returns an error if the audit cannot be opened.
    pub fn audit(&self) -> Result<AuditReader, CommandError> {
        Ok(self.store().audit()?)
    }

    pub(super) fn read<T>(&self, read: impl Fn(&View<'_>) -> T) -> Result<T, CommandError> {
        Ok(self.store().read(read)?)
    }
}

/// Returns a record, or reports on stderr that it cannot be read.
fn readable<T>(read: Result<T, CommandError>) -> Option<T> {
    match read {
        Ok(record) => Some(record),
        Err(error) => {
            if !error.is_not_found() {
                output::notice(&error.in_one_line());
            }
            None
        }
    }
}

/// The error of a record that cannot be read, or of another record that it needs.
pub fn unreadable(why: Option<StoreError>) -> CommandError {
    why.map_or_else(
        || CommandError::failed("a record cannot be read; baton did not modify it").hint("`baton doctor` names it"),
        CommandError::from,
    )
}

pub(super) fn deleted_session(id: &SessionId) -> CommandError {
    CommandError::not_found(format!("session {id} was deleted"))
        .hint(format!("`baton session restore {id}` restores it"))
}
