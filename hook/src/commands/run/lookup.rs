//! A run by what a person calls it.

use agent_baton_core::id::RunId;
use agent_baton_core::request::Reading;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::words;

/// The run with this id; else the one whose id begins so, or that has this name. The empty text names none.
///
/// # Errors
/// Not found; or several fit, and are listed.
pub fn find(context: &Context, text: &str) -> Result<RunId, CommandError> {
    let none = || {
        CommandError::NotFound(format!("no run is called {:?}; `baton run list --all` lists them", words::clean(text)))
    };
    if text.is_empty() {
        return Err(none());
    }
    if let Ok(id) = text.parse::<RunId>()
        && context.read_run(&id)? != Reading::Absent
    {
        return Ok(id);
    }
    let fits: Vec<_> = context
        .runs(true)?
        .into_iter()
        .filter(|run| run.id.as_str().starts_with(text) || run.name.as_str() == text)
        .collect();
    // A name is used again once its run is over: the unfinished one is meant.
    let unfinished: Vec<_> = fits.iter().filter(|run| run.status.is_unfinished()).collect();
    match (unfinished.as_slice(), fits.as_slice()) {
        ([run], _) => Ok(run.id.clone()),
        ([], [run]) => Ok(run.id.clone()),
        (_, []) => Err(none()),
        _ => Err(CommandError::Ambiguous {
            what: format!("{} runs are called {:?}", fits.len(), words::clean(text)),
            candidates: fits
                .iter()
                .map(|run| format!("  {}  {:<10} {}", run.id, run.status.name(), run.name.as_str()))
                .collect::<Vec<_>>()
                .join("\n"),
        }),
    }
}
