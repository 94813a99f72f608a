//! Finds the session that a user means.

use std::cmp::Reverse;

use agent_baton_core::id::SessionId;
use agent_baton_core::session::Session;
use clap::Args;

use crate::context::{Context, current_directory};
use crate::error::CommandError;
use baton_catalogue::By;
use baton_display::{Progress, format_local, strip_control_chars};
use baton_engine::lookup::{Lookup, LookupError};
use baton_status::{ListQuery, ListedSession, Search};
use baton_store::last_opened;
use baton_system::worktree;

/// The word for the session that was opened last, of those that `baton session list` shows.
const LAST: &str = "last";

/// What is said if a look-up has to read every record first.
pub(super) const LOOKING_UP: &str = "reading the records";

/// The maximum number of candidates that an error lists.
const MAX_CANDIDATES: usize = 20;

/// A session, as the command line names it.
#[derive(Debug, Args)]
pub struct SessionArg {
    /// Session id or a unique part of it, its name, or "last"
    #[arg(value_name = "ID", required_unless_present = "here")]
    id: Option<String>,
    /// Only sessions of this project; without an ID, the one opened last
    #[arg(long)]
    here: bool,
}

impl SessionArg {
    /// Returns the session.
    ///
    /// # Errors
    /// Returns an error if no session matches, or if several match. The error lists them.
    pub fn resolve(&self, context: &Context) -> Result<SessionId, CommandError> {
        resolve(context, self.id.as_deref().unwrap_or(LAST), self.here)
    }

    /// Returns whether only sessions of the current project count.
    #[must_use]
    pub const fn is_current_project(&self) -> bool {
        self.here
    }

    /// Returns the text given as ID.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// Returns the worktree root of the current directory.
///
/// # Errors
/// Returns an error if there is none.
pub fn current_project() -> Result<String, CommandError> {
    let directory = current_directory()?;
    worktree::find_root(&directory).ok_or_else(no_project)
}

/// The error of a command that needs a project and was called outside of one.
pub fn no_project() -> CommandError {
    CommandError::not_found("the current directory belongs to no project")
}

pub(super) fn lookup<'a>(context: &'a Context, project: Option<&'a str>) -> Lookup<'a> {
    let catalogue = context.catalogue();
    project.map_or(Lookup::all_projects(catalogue), |root| Lookup::in_project(catalogue, root))
}

/// Returns the session that a text identifies. With `here`, only sessions of this project count.
///
/// # Errors
/// Returns an error if no session matches, or if several match. The error lists them.
pub fn resolve(context: &Context, text: &str, here: bool) -> Result<SessionId, CommandError> {
    resolve_with_last(context, text, here, &|_| true)
}

/// Returns every session that a text may identify.
///
/// # Errors
/// Returns an error if the state cannot be searched.
pub fn matching_sessions(context: &Context, text: &str) -> Result<Vec<SessionId>, CommandError> {
    match lookup(context, None).session(text) {
        Ok(id) => Ok(vec![id]),
        Err(LookupError::Ambiguous(ids)) => Ok(ids),
        Err(LookupError::NotFound) => Ok(Vec::new()),
        Err(LookupError::Store(error)) => Err(error.into()),
    }
}

/// Like [`resolve`], but "last" is the last session that fits.
///
/// # Errors
/// See [`resolve`].
pub fn resolve_with_last(
    context: &Context,
    text: &str,
    here: bool,
    fits: &dyn Fn(&ListedSession) -> bool,
) -> Result<SessionId, CommandError> {
    let project = if here { Some(current_project()?) } else { None };
    if text == LAST
        && let Some(id) = last(context, project.as_deref(), fits)?
    {
        return Ok(id);
    }
    let query = strip_control_chars(text);
    let of = if here { " of this project" } else { "" };
    let _progress = Progress::begin(LOOKING_UP, None);
    match lookup(context, project.as_deref()).session(text) {
        Ok(id) => Ok(id),
        Err(LookupError::Store(error)) => Err(error.into()),
        Err(LookupError::NotFound) if text == LAST => {
            Err(CommandError::not_found(format!("no session{of} fits \"last\""))
                .hint("`baton session list --all` lists all sessions"))
        }
        Err(LookupError::NotFound) => {
            Err(CommandError::not_found(format!("no session{of} has the id or name \"{query}\""))
                .hint("`baton session list --all` lists all sessions"))
        }
        Err(LookupError::Ambiguous(ids)) => Err(CommandError::ambiguous(
            format!("{} sessions{of} match \"{query}\"", ids.len()),
            session_candidates(context, &ids),
        )),
    }
}

fn last(
    context: &Context,
    project: Option<&str>,
    fits: &dyn Fn(&ListedSession) -> bool,
) -> Result<Option<SessionId>, CommandError> {
    let is_here = |seen: &ListedSession| project.is_none() || seen.session.project.as_deref() == project;
    let matches = |seen: &ListedSession| is_here(seen) && fits(seen);
    let search = Search::By(project.map_or(By::Shown, By::Project));
    let query =
        ListQuery { all: false, limit: 1, cursor: None, pinned_first: false, search, opened: None, matches: &matches };
    Ok(context.session_reader().page(&query)?.sessions.pop().map(|seen| seen.session.id))
}

/// The lines about some records, the first of them if there are many.
pub(super) fn candidates<Record>(ids: &[Record], words: impl Fn(&Record) -> String) -> Vec<String> {
    let mut lines: Vec<String> = ids.iter().take(MAX_CANDIDATES).map(words).collect();
    if ids.len() > MAX_CANDIDATES {
        lines.push(format!("  and {} more", ids.len() - MAX_CANDIDATES));
    }
    lines
}

/// Describes the sessions that a text may mean, the one that was opened last first.
fn session_candidates(context: &Context, ids: &[SessionId]) -> Vec<String> {
    let mut sessions: Vec<(&SessionId, Option<Session>)> =
        ids.iter().map(|id| (id, context.session(id).ok().map(|(session, _)| session))).collect();
    sessions.sort_by_key(|(_, session)| Reverse(session.as_ref().map(|session| last_opened(session).unix_ms)));
    candidates(&sessions, |(id, session)| {
        let Some(session) = session else { return format!("  {id}  unreadable") };
        let name = session.name.as_ref().map(|name| format!("  \"{}\"", name.as_str()));
        format!(
            "  {id}  {:<6}  opened {}  {}{}",
            session.agent.name(),
            format_local(last_opened(session), &context.now()),
            session.project.as_deref().map(strip_control_chars).unwrap_or_default(),
            name.unwrap_or_default()
        )
    })
}
