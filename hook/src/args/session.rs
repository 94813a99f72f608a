//! Finds the session that a user means.

use agent_baton_core::id::SessionId;
use clap::Args;

use crate::context::{Context, current_directory};
use crate::error::CommandError;
use baton_engine::lookup::{LAST, Lookup, LookupError};
use baton_system::worktree;

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
    let store = context.store();
    project.map_or(Lookup::all_projects(store), |root| Lookup::in_project(store, root))
}

/// Returns the session that a text identifies. With `here`, only sessions of this project count.
///
/// # Errors
/// Returns an error if no session matches, or if several match. The error lists them.
pub fn resolve(context: &Context, text: &str, here: bool) -> Result<SessionId, CommandError> {
    let project = if here { Some(current_project()?) } else { None };
    let query = baton_display::strip_control_chars(text);
    let of = if here { " of this project" } else { "" };
    match lookup(context, project.as_deref()).session(text) {
        Ok(id) => Ok(id),
        Err(LookupError::Store(error)) => Err(error.into()),
        Err(LookupError::NotFound) if text == LAST => Err(CommandError::not_found(format!("no session{of} is known"))),
        Err(LookupError::NotFound) => {
            Err(CommandError::not_found(format!("no session{of} has the id or name \"{query}\""))
                .hint("`baton session list --all` lists all sessions"))
        }
        Err(LookupError::Ambiguous(ids)) => Err(CommandError::ambiguous(
            format!("{} sessions{of} match \"{query}\"", ids.len()),
            candidates(&ids, |id| describe_session(context, id)),
        )),
    }
}

pub(super) fn candidates<Id>(ids: &[Id], words: impl Fn(&Id) -> String) -> Vec<String> {
    let mut lines: Vec<String> = ids.iter().take(MAX_CANDIDATES).map(words).collect();
    if ids.len() > MAX_CANDIDATES {
        lines.push(format!("  and {} more", ids.len() - MAX_CANDIDATES));
    }
    lines
}

fn describe_session(context: &Context, id: &SessionId) -> String {
    let Ok((session, _)) = context.session(id) else { return format!("  {id}  unreadable") };
    let name = session
        .name
        .as_ref()
        .map(|name| format!("  \"{}\"", baton_display::strip_control_chars(name.as_str())))
        .unwrap_or_default();
    let project = session.project.as_deref().map(baton_display::strip_control_chars).unwrap_or_default();
    format!("  {id}  {:<6}  {project}{name}", session.agent.name())
}
