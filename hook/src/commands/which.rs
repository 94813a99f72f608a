//! Which session, or which run, a person means.

use agent_baton_core::id::{RunId, SessionId};
use clap::Args;

use crate::commands::context::{Context, present_directory};
use crate::commands::error::CommandError;
use crate::lookup::{LAST, Lookup, LookupError};
use crate::machine::worktree;
use crate::words;

/// The most candidates that are named.
const MAX_CANDIDATES: usize = 20;

/// A session, as the command line names it.
#[derive(Debug, Args)]
pub struct Which {
    /// The session: its id, the beginning of it, its name, or "last"
    #[arg(value_name = "ID", required_unless_present = "here")]
    id: Option<String>,
    /// Of this project alone; without an ID, the one of it that was opened last
    #[arg(long)]
    here: bool,
}

impl Which {
    /// The session.
    ///
    /// # Errors
    /// Not found; or several fit, and are named.
    pub fn find(&self, context: &Context) -> Result<SessionId, CommandError> {
        session(context, self.id.as_deref().unwrap_or(LAST), self.here)
    }

    /// Whether one of the present directory's project is meant.
    #[must_use]
    pub const fn is_here(&self) -> bool {
        self.here
    }

    /// What was given as ID.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// The worktree root of the present directory.
///
/// # Errors
/// Where there is none.
pub fn project_here() -> Result<String, CommandError> {
    let directory = present_directory()?;
    worktree::root(&directory)
        .ok_or_else(|| CommandError::NotFound("this directory has no path that could be a project's".to_owned()))
}

fn lookup<'a>(context: &'a Context, project: Option<&'a str>) -> Lookup<'a> {
    let store = context.store();
    project.map_or(Lookup::everywhere(store), |root| Lookup::of_project(store, root))
}

/// The session that a text names; with `here`, of this project alone.
///
/// # Errors
/// Not found; or several fit, and are named.
pub fn session(context: &Context, text: &str, here: bool) -> Result<SessionId, CommandError> {
    let project = if here { Some(project_here()?) } else { None };
    let said = words::clean(text);
    let of = if here { " of this project" } else { "" };
    match lookup(context, project.as_deref()).session(text) {
        Ok(id) => Ok(id),
        Err(LookupError::Store(error)) => Err(error.into()),
        Err(LookupError::None) if text == LAST => Err(CommandError::NotFound(format!("no session{of} is known"))),
        Err(LookupError::None) => Err(CommandError::NotFound(format!(
            "no session{of} is called \"{said}\"; `baton session list --all` lists them"
        ))),
        Err(LookupError::Several(ids)) => Err(CommandError::Ambiguous {
            what: format!("{} sessions{of} are called \"{said}\"", ids.len()),
            candidates: candidates(&ids, |id| session_words(context, id)),
        }),
    }
}

/// The run that a text names.
///
/// # Errors
/// Not found; or several fit, and are named.
pub fn run(context: &Context, text: &str) -> Result<RunId, CommandError> {
    run_of(context, text, false)
}

/// The same; with `here`, of this project alone.
///
/// # Errors
/// Not found; or several fit, and are named.
pub fn run_of(context: &Context, text: &str, here: bool) -> Result<RunId, CommandError> {
    let project = if here { Some(project_here()?) } else { None };
    let said = words::clean(text);
    match lookup(context, project.as_deref()).run(text) {
        Ok(id) => Ok(id),
        Err(LookupError::Store(error)) => Err(error.into()),
        Err(LookupError::None) => {
            Err(CommandError::NotFound(format!("no run is called \"{said}\"; `baton run list --all` lists them")))
        }
        Err(LookupError::Several(ids)) => Err(CommandError::Ambiguous {
            what: format!("{} runs are called \"{said}\"", ids.len()),
            candidates: candidates(&ids, |id| {
                context.run(id).map_or_else(
                    |_| format!("  {id}  unreadable"),
                    |run| format!("  {id}  {:<10} {}", run.status.name(), words::clean(run.name.as_str())),
                )
            }),
        }),
    }
}

fn candidates<Id>(ids: &[Id], words: impl Fn(&Id) -> String) -> String {
    let mut lines: Vec<String> = ids.iter().take(MAX_CANDIDATES).map(words).collect();
    if ids.len() > MAX_CANDIDATES {
        lines.push(format!("  and {} more", ids.len() - MAX_CANDIDATES));
    }
    lines.join("\n")
}

fn session_words(context: &Context, id: &SessionId) -> String {
    let Ok((session, _)) = context.session(id) else { return format!("  {id}  unreadable") };
    let name = session.name.as_ref().map(|name| format!("  \"{}\"", words::clean(name.as_str()))).unwrap_or_default();
    let project = session.project.as_deref().map(words::clean).unwrap_or_default();
    format!("  {id}  {:<6}  {project}{name}", session.agent.name())
}
