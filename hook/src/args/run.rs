//! Finds the run that a user means.

use agent_baton_core::id::RunId;

use super::session::{candidates, current_project, lookup};
use crate::context::Context;
use crate::error::CommandError;
use baton_engine::lookup::LookupError;

/// Returns the run that a text identifies.
///
/// # Errors
/// Returns an error if no run matches, or if several match. The error lists them.
pub fn resolve(context: &Context, text: &str) -> Result<RunId, CommandError> {
    resolve_in(context, text, false)
}

/// Like [`resolve`], but with `here` only among the runs of this project.
///
/// # Errors
/// Returns an error if no run matches, or if several match. The error lists them.
pub fn resolve_in(context: &Context, text: &str, here: bool) -> Result<RunId, CommandError> {
    let project = if here { Some(current_project()?) } else { None };
    let query = baton_display::strip_control_chars(text);
    match lookup(context, project.as_deref()).run(text) {
        Ok(id) => Ok(id),
        Err(LookupError::Store(error)) => Err(error.into()),
        Err(LookupError::NotFound) => Err(CommandError::not_found(format!("no run has the id or name \"{query}\""))
            .hint("`baton run list --all` lists all runs")),
        Err(LookupError::Ambiguous(ids)) => Err(CommandError::ambiguous(
            format!("{} runs match \"{query}\"", ids.len()),
            candidates(&ids, |id| {
                context.run(id).map_or_else(
                    |_| format!("  {id}  unreadable"),
                    |run| {
                        format!(
                            "  {id}  {:<10} {}",
                            run.status.name(),
                            baton_display::strip_control_chars(run.name.as_str())
                        )
                    },
                )
            }),
        )),
    }
}
