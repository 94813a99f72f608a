//! Finds the session or run that you mean by an id, the beginning of an id, or a name. If these match nothing, any part of an id
//! does: the ids that Codex makes within a minute begin alike.
//!
//! A text that matches several records is an error that lists them. The empty text matches nothing.

#[cfg(test)]
mod tests;

use agent_baton_core::decision::Location;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;

use baton_store::{Store, StoreError};

/// The shortest part of an id, not at its beginning, that identifies it, in bytes.
const MIN_ID_PART: usize = 4;

/// Why a text does not identify exactly one record.
#[derive(Debug, thiserror::Error)]
pub enum LookupError<Id> {
    /// Nothing matches.
    #[error("nothing is called so")]
    NotFound,
    /// Several records match.
    #[error("several are called so")]
    Ambiguous(Vec<Id>),
    /// The state cannot be searched.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Searches one state.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    store: &'a Store,
    /// The worktree root of the project to search, or `None` for all projects.
    project: Option<&'a str>,
}

impl<'a> Lookup<'a> {
    /// Searches the sessions and runs of every project.
    #[must_use]
    pub const fn all_projects(store: &'a Store) -> Self {
        Self { store, project: None }
    }

    /// Searches only the sessions and runs of the project with this worktree root.
    #[must_use]
    pub const fn in_project(store: &'a Store, project: &'a str) -> Self {
        Self { store, project: Some(project) }
    }

    /// Returns the session that a text identifies.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn session(self, text: &str) -> Result<SessionId, LookupError<SessionId>> {
        if text.is_empty() {
            return Err(LookupError::NotFound);
        }
        if let Ok(id) = text.parse::<SessionId>() {
            let reading = self.store.read(|view| view.session(&id))?;
            // A record that cannot be read exists, but its project is unknown.
            if reading != Reading::Absent && reading.record().is_none_or(|session| self.has_session(session)) {
                return Ok(id);
            }
        }
        let mut matches: Vec<SessionId> =
            self.store.sessions_with_prefix(text)?.into_iter().map(|(id, _)| id).collect();
        matches.extend(self.sessions_named(text)?);
        if matches.is_empty() && text.len() >= MIN_ID_PART {
            let all = self.store.sessions_with_prefix("")?.into_iter().map(|(id, _)| id);
            matches = all.filter(|id| id.as_str().contains(text)).collect();
        }
        matches.sort_unstable();
        matches.dedup();
        if self.project.is_some() {
            matches.retain(|id| self.read(id).is_some_and(|session| self.has_session(&session)));
        }
        single_match(matches)
    }

    /// Returns the run that a text identifies. A name may be used again once its run has ended, so the unfinished run
    /// is preferred, and then the newest.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn run(self, text: &str) -> Result<RunId, LookupError<RunId>> {
        if text.is_empty() {
            return Err(LookupError::NotFound);
        }
        if let Ok(id) = text.parse::<RunId>() {
            let reading = self.store.read(|view| view.run(&id))?;
            if reading != Reading::Absent && reading.record().is_none_or(|run| self.has_run(run)) {
                return Ok(id);
            }
        }
        for location in [Location::Live, Location::Archive] {
            let mut matches = self.store.runs_with_prefix(location, text)?;
            matches.extend(self.runs_named(text, location)?);
            match self.single_run(matches) {
                Err(LookupError::NotFound) => {}
                found => return found,
            }
        }
        let mut matches = Vec::new();
        if text.len() >= MIN_ID_PART {
            for location in [Location::Live, Location::Archive] {
                matches.extend(self.store.runs(location)?.into_iter().filter(|id| id.as_str().contains(text)));
            }
        }
        self.single_run(matches)
    }

    fn single_run(self, mut matches: Vec<RunId>) -> Result<RunId, LookupError<RunId>> {
        matches.sort_unstable();
        matches.dedup();
        if self.project.is_some() {
            matches.retain(|id| self.read_run(id).is_some_and(|run| self.has_run(&run)));
        }
        single_match(matches)
    }

    fn has_session(self, session: &Session) -> bool {
        self.project.is_none() || session.project.as_deref() == self.project
    }

    fn has_run(self, run: &Run) -> bool {
        self.project.is_none() || run.project.as_deref() == self.project
    }

    fn sessions_named(self, name: &str) -> Result<Vec<SessionId>, StoreError> {
        match self.store.read(|view| view.by_name(name))? {
            Err(StoreError::IndexMissing { .. }) => {
                let is_named = |session: &Session| session.name.as_ref().is_some_and(|own| own.as_str() == name);
                let sessions = self.store.sessions_with_prefix("")?.into_iter().filter_map(|(id, _)| self.read(&id));
                Ok(sessions.filter(is_named).map(|session| session.id).collect())
            }
            found => found,
        }
    }

    fn runs_named(self, name: &str, location: Location) -> Result<Vec<RunId>, StoreError> {
        let runs = self.store.runs(location)?.into_iter().filter_map(|id| self.read_run(&id));
        let named = runs.filter(|run| run.name.as_str() == name && self.has_run(run));
        Ok(match location {
            Location::Archive => named.max_by_key(|run| run.updated.unix_ms).map(|run| run.id).into_iter().collect(),
            _ => named.map(|run| run.id).collect(),
        })
    }

    fn read(self, id: &SessionId) -> Option<Session> {
        match self.store.read(|view| view.session(id)) {
            Ok(Reading::Live(session) | Reading::Archived(session)) => Some(session),
            _ => None,
        }
    }

    fn read_run(self, id: &RunId) -> Option<Run> {
        match self.store.read(|view| view.run(id)) {
            Ok(Reading::Live(run) | Reading::Archived(run)) => Some(run),
            _ => None,
        }
    }
}

fn single_match<Id>(mut matches: Vec<Id>) -> Result<Id, LookupError<Id>> {
    if matches.len() > 1 {
        return Err(LookupError::Ambiguous(matches));
    }
    matches.pop().ok_or(LookupError::NotFound)
}
