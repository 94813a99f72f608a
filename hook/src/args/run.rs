//! Finds the run that a user means.

use std::cmp::Reverse;

use agent_baton_core::id::RunId;
use agent_baton_core::run::Run;

use super::foreign_loop;
use super::session::{LOOKING_UP, candidates, current_project, lookup};
use crate::context::Context;
use crate::error::CommandError;
use baton_display::{Progress, format_local, strip_control_chars};
use baton_engine::lookup::LookupError;

/// Returns the run that a text identifies, for a command that loops of other programs do not have.
///
/// # Errors
/// Returns an error if no run matches, or if several match. The error lists them.
pub fn resolve(context: &Context, text: &str) -> Result<RunId, CommandError> {
    match resolve_in(context, text, false) {
        // A run that was started on another machine has no record here before the first command that concerns it.
        Err(error) if error.is_not_found() => {
            context.run_of_fleet(text).map_or_else(|| Err(foreign_loop::not_a_run(context, text, error)), Ok)
        }
        found => found,
    }
}

/// Returns the run that a text identifies, with `here` only among the runs of this project.
///
/// # Errors
/// Returns an error if no run matches, or if several match. The error lists them.
pub fn resolve_in(context: &Context, text: &str, here: bool) -> Result<RunId, CommandError> {
    let project = if here { Some(current_project()?) } else { None };
    let query = strip_control_chars(text);
    let _progress = Progress::begin(LOOKING_UP, None);
    match lookup(context, project.as_deref()).run(text) {
        Ok(id) => Ok(id),
        Err(LookupError::Store(error)) => Err(error.into()),
        Err(LookupError::NotFound) => Err(CommandError::not_found(format!("no run has the id or name \"{query}\""))
            .hint("`baton run list --all` lists all runs")),
        Err(LookupError::Ambiguous(ids)) => {
            Err(CommandError::ambiguous(format!("{} runs match \"{query}\"", ids.len()), run_candidates(context, &ids)))
        }
    }
}

/// Describes the runs that a text may mean, the newest first.
fn run_candidates(context: &Context, ids: &[RunId]) -> Vec<String> {
    let mut runs: Vec<(&RunId, Option<Run>)> = ids.iter().map(|id| (id, context.run(id).ok())).collect();
    runs.sort_by_key(|(_, run)| Reverse(run.as_ref().map(|run| run.created.unix_ms)));
    candidates(&runs, |(id, run)| match run {
        None => format!("  {id}  unreadable"),
        Some(run) => format!(
            "  {id}  {:<9}  started {}  \"{}\"",
            run.status.name(),
            format_local(&run.created, &context.now()),
            run.name.as_str()
        ),
    })
}
