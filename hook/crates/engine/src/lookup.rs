//! Finds the session or run that you mean by an id, the beginning of an id, or a name. If these match nothing, any part of an id
//! does: the ids that Codex makes within a minute begin alike.
//!
//! A text that matches several records is an error that lists them. The empty text matches nothing.

#[cfg(test)]
mod tests;

use std::str::FromStr;

use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;

use crate::discovery::ForeignLoop;
use baton_catalogue::{By, Kind, LazyCatalogue};
use baton_store::{Store, StoreError};

/// The shortest part of an id, not at its beginning, that identifies it, in bytes.
const MIN_ID_PART: usize = 4;

/// Among how many of the newest records any part of an id is searched. Of all others, the part has to begin where a
/// group of the id begins.
const MAX_SEARCHED: usize = 10_000;

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
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    catalogue: &'a LazyCatalogue,
    /// The worktree root of the project to search, or `None` for all projects.
    project: Option<&'a str>,
}

impl<'a> Lookup<'a> {
    /// Searches the sessions and runs of every project.
    #[must_use]
    pub const fn all_projects(catalogue: &'a LazyCatalogue) -> Self {
        Self { catalogue, project: None }
    }

    /// Searches only the sessions and runs of the project with this worktree root.
    #[must_use]
    pub const fn in_project(catalogue: &'a LazyCatalogue, project: &'a str) -> Self {
        Self { catalogue, project: Some(project) }
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
            let reading = self.store().read(|view| view.session(&id))?;
            // A record that cannot be read exists, but its project is unknown.
            if reading != Reading::Absent && reading.record().is_none_or(|session| self.has_session(session)) {
                return Ok(id);
            }
        }
        let mut matches: Vec<SessionId> = self.with_prefix(Kind::Session, text)?;
        matches.extend(self.newest::<SessionId>(Kind::Session, By::Name(text))?);
        if matches.is_empty() && text.len() >= MIN_ID_PART {
            matches = self.with_part(Kind::Session, text)?;
        }
        matches.retain(|id| self.is_in_project(id));
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
            let reading = self.store().read(|view| view.run(&id))?;
            if reading != Reading::Absent && reading.record().is_none_or(|run| self.has_run(run)) {
                return Ok(id);
            }
        }
        let known: Vec<RunId> = self.with_prefix(Kind::Run, text)?;
        let (mut ended, mut open): (Vec<_>, Vec<_>) = known.into_iter().partition(|id| self.has_ended(id));
        let is_named = |id: &RunId| self.read_run(id).is_some_and(|run| run.name.as_str() == text);
        open.extend(self.newest::<RunId>(Kind::Run, By::Open)?.filter(is_named));
        match self.single_run(open) {
            Err(LookupError::NotFound) => {}
            found => return found,
        }
        let mut named = self.newest::<RunId>(Kind::Run, By::Name(text))?;
        ended.extend(named.find(|id| self.has_ended(id) && self.read_run(id).is_some_and(|run| self.has_run(&run))));
        match self.single_run(ended) {
            Err(LookupError::NotFound) if text.len() >= MIN_ID_PART => {
                self.single_run(self.with_part(Kind::Run, text)?)
            }
            found => found,
        }
    }

    fn single_run(self, mut matches: Vec<RunId>) -> Result<RunId, LookupError<RunId>> {
        if self.project.is_some() {
            matches.retain(|id| self.read_run(id).is_some_and(|run| self.has_run(&run)));
        }
        single_match(matches)
    }

    /// Returns the records that are found by a value, the newest first.
    fn newest<Id: FromStr>(self, kind: Kind, by: By<'_>) -> Result<impl Iterator<Item = Id>, StoreError> {
        let found = self.catalogue.get()?.newest(kind, by, None)?;
        Ok(found.filter_map(|found| found.ok()?.id.parse().ok()))
    }

    /// Returns the ids that begin with a text.
    fn with_prefix<Id: FromStr>(self, kind: Kind, text: &str) -> Result<Vec<Id>, StoreError> {
        Ok(self.catalogue.get()?.with_prefix(kind, text)?.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Returns the ids that contain a text.
    fn with_part<Id: FromStr>(self, kind: Kind, text: &str) -> Result<Vec<Id>, StoreError> {
        let catalogue = self.catalogue.get()?;
        let newest = catalogue.newest(kind, By::All, None)?.take(MAX_SEARCHED);
        let of_words = catalogue.with_text(kind, text, None)?.take(MAX_SEARCHED);
        let ids = newest.chain(of_words).map(|found| Ok(found?.id)).collect::<Result<Vec<String>, StoreError>>()?;
        Ok(ids.iter().filter(|id| id.contains(text)).filter_map(|id| id.parse().ok()).collect())
    }

    /// Returns whether a run is in the archive.
    fn has_ended(self, id: &RunId) -> bool {
        matches!(self.store().read(|view| view.run(id)), Ok(Reading::Archived(_)))
    }

    fn is_in_project(self, id: &SessionId) -> bool {
        self.project.is_none() || self.read(id).is_some_and(|session| self.has_session(&session))
    }

    const fn store(self) -> &'a Store {
        self.catalogue.store()
    }

    fn has_session(self, session: &Session) -> bool {
        self.project.is_none() || session.project.as_deref() == self.project
    }

    fn has_run(self, run: &Run) -> bool {
        self.project.is_none() || run.project.as_deref() == self.project
    }

    fn read(self, id: &SessionId) -> Option<Session> {
        match self.store().read(|view| view.session(id)) {
            Ok(Reading::Live(session) | Reading::Archived(session)) => Some(session),
            _ => None,
        }
    }

    fn read_run(self, id: &RunId) -> Option<Run> {
        match self.store().read(|view| view.run(id)) {
            Ok(Reading::Live(run) | Reading::Archived(run)) => Some(run),
            _ => None,
        }
    }
}

/// Returns the loop of another program that a text identifies: an id as `session discover` prints it, or a part of one.
///
/// # Errors
/// See [`LookupError`].
pub fn find_loop(loops: Vec<ForeignLoop>, text: &str) -> Result<ForeignLoop, LookupError<ForeignLoop>> {
    let is_part = |id: &str| id.starts_with(text) || (text.len() >= MIN_ID_PART && id.contains(text));
    let mut matches: Vec<ForeignLoop> = loops.into_iter().filter(|it| !text.is_empty() && is_part(&it.id)).collect();
    // A complete id is meant, although another contains it.
    if let Some(exact) = matches.iter().position(|it| it.id == text) {
        return Ok(matches.swap_remove(exact));
    }
    if matches.len() > 1 {
        return Err(LookupError::Ambiguous(matches));
    }
    matches.pop().ok_or(LookupError::NotFound)
}

fn single_match<Id: Ord>(mut matches: Vec<Id>) -> Result<Id, LookupError<Id>> {
    matches.sort_unstable();
    matches.dedup();
    if matches.len() > 1 {
        return Err(LookupError::Ambiguous(matches));
    }
    matches.pop().ok_or(LookupError::NotFound)
}
