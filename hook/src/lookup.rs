//! A session or a run by what a person calls it: its whole id, the beginning of it, its name, or `last`.
//!
//! What fits several is none of them: they are named. The empty text fits nothing.

#[cfg(test)]
mod tests;

use agent_baton_core::decision::Shelf;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;

use crate::store::{Store, StoreError, opened};

/// The word for the session that was opened last.
pub const LAST: &str = "last";

/// Why a text names no one record.
#[derive(Debug, thiserror::Error)]
pub enum LookupError<Id> {
    /// Nothing is called so.
    #[error("nothing is called so")]
    None,
    /// Several are.
    #[error("several are called so")]
    Several(Vec<Id>),
    /// The state cannot be looked through.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks in one state.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    store: &'a Store,
    /// Where only one project's are meant, its worktree root.
    project: Option<&'a str>,
}

impl<'a> Lookup<'a> {
    /// Looks at the sessions and runs of every project.
    #[must_use]
    pub const fn everywhere(store: &'a Store) -> Self {
        Self { store, project: None }
    }

    /// Looks at the sessions and runs of the project with this worktree root, and at no other's.
    #[must_use]
    pub const fn of_project(store: &'a Store, project: &'a str) -> Self {
        Self { store, project: Some(project) }
    }

    /// The session that a text names.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn session(self, text: &str) -> Result<SessionId, LookupError<SessionId>> {
        if text.is_empty() {
            return Err(LookupError::None);
        }
        if let Ok(id) = text.parse::<SessionId>() {
            let reading = self.store.read(|view| view.session(&id))?;
            // What cannot be read is there, and whose project it is of cannot be told.
            if reading != Reading::Absent && reading.record().is_none_or(|session| self.belongs(session)) {
                return Ok(id);
            }
        }
        if text == LAST {
            return self.last()?.ok_or(LookupError::None);
        }
        let mut fits: Vec<SessionId> = self.store.sessions_beginning(text)?.into_iter().map(|(id, _)| id).collect();
        fits.extend(self.named(text)?);
        fits.sort_unstable();
        fits.dedup();
        if self.project.is_some() {
            fits.retain(|id| self.read(id).is_some_and(|session| self.belongs(&session)));
        }
        only(fits)
    }

    /// The run that a text names. A name is used again once its run is over: the unfinished one is meant.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn run(self, text: &str) -> Result<RunId, LookupError<RunId>> {
        if text.is_empty() {
            return Err(LookupError::None);
        }
        if let Ok(id) = text.parse::<RunId>() {
            let reading = self.store.read(|view| view.run(&id))?;
            if reading != Reading::Absent && reading.record().is_none_or(|run| self.has(run)) {
                return Ok(id);
            }
        }
        for shelf in [Shelf::Live, Shelf::Archive] {
            let mut fits = self.store.runs_beginning(shelf, text)?;
            fits.extend(self.runs_named(text, shelf)?);
            fits.sort_unstable();
            fits.dedup();
            if self.project.is_some() {
                fits.retain(|id| self.read_run(id).is_some_and(|run| self.has(&run)));
            }
            match only(fits) {
                Err(LookupError::None) => {}
                found => return found,
            }
        }
        Err(LookupError::None)
    }

    /// The session that was opened last.
    fn last(self) -> Result<Option<SessionId>, StoreError> {
        match self.store.read(|view| view.roll())? {
            Ok(roll) if !roll.partial => {
                let mut newest = roll.sessions.iter().rev().take_while(|listed| listed.at > roll.floor);
                if let Some(listed) = newest.find(|listed| self.fits(&listed.id)) {
                    return Ok(Some(listed.id.clone()));
                }
                if roll.floor == 0 {
                    return Ok(None);
                }
            }
            Ok(_) | Err(StoreError::Unindexed { .. }) => {}
            Err(error) => return Err(error),
        }
        let sessions = self.store.sessions_beginning("")?.into_iter().filter_map(|(id, _)| self.read(&id));
        let newest = sessions.filter(|session| self.belongs(session)).max_by_key(|session| opened(session).unix_ms);
        Ok(newest.map(|session| session.id))
    }

    fn fits(self, id: &SessionId) -> bool {
        self.project.is_none() || self.read(id).is_some_and(|session| self.belongs(&session))
    }

    fn belongs(self, session: &Session) -> bool {
        self.project.is_none() || session.project.as_deref() == self.project
    }

    fn has(self, run: &Run) -> bool {
        self.project.is_none() || run.project.as_deref() == self.project
    }

    fn named(self, name: &str) -> Result<Vec<SessionId>, StoreError> {
        match self.store.read(|view| view.by_name(name))? {
            Err(StoreError::Unindexed { .. }) => {
                let is_named = |session: &Session| session.name.as_ref().is_some_and(|own| own.as_str() == name);
                let sessions = self.store.sessions_beginning("")?.into_iter().filter_map(|(id, _)| self.read(&id));
                Ok(sessions.filter(is_named).map(|session| session.id).collect())
            }
            found => found,
        }
    }

    fn runs_named(self, name: &str, shelf: Shelf) -> Result<Vec<RunId>, StoreError> {
        let runs = self.store.runs(shelf)?.into_iter().filter_map(|id| self.read_run(&id));
        Ok(runs.filter(|run| run.name.as_str() == name).map(|run| run.id).collect())
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

fn only<Id>(mut fits: Vec<Id>) -> Result<Id, LookupError<Id>> {
    if fits.len() > 1 {
        return Err(LookupError::Several(fits));
    }
    fits.pop().ok_or(LookupError::None)
}
