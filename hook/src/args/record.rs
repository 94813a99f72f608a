//! Finds the records that a user means where both sessions and runs are possible.

use super::{run, session};
use crate::context::Context;
use crate::error::CommandError;

/// Returns the ids of the session and of the run that a text identifies. The audit also names records that are gone, so
/// a text that identifies nothing stands for itself.
///
/// # Errors
/// Returns an error if several sessions or several runs match and nothing else does. The error lists them.
pub fn resolve(context: &Context, text: &str) -> Result<Vec<String>, CommandError> {
    let session = session::resolve(context, text, false).map(|id| id.to_string());
    let run = run::resolve(context, text).map(|id| id.to_string());
    let mut ids = Vec::new();
    let mut failed = None;
    for found in [session, run] {
        match found {
            Ok(id) => ids.push(id),
            Err(error) if error.is_not_found() => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) if ids.is_empty() => Err(error),
        _ if ids.is_empty() => Ok(vec![text.to_owned()]),
        _ => Ok(ids),
    }
}
