//! Finds the loop of another program that a user means, where a run may be meant too.

use super::session::candidates;
use crate::context::Context;
use crate::error::CommandError;
use baton_engine::discovery::ForeignLoop;
use baton_engine::lookup::{LookupError, find_loop};

/// Returns the loop that a text identifies, or `not_found` if there is none.
///
/// # Errors
/// Returns an error if none or several loops match, or if the state cannot be read.
pub fn resolve(context: &Context, text: &str, not_found: CommandError) -> Result<ForeignLoop, CommandError> {
    let reader = context.session_reader();
    match find_loop(reader.foreign_loops(&reader.overview()?), text) {
        Ok(found) => Ok(found),
        Err(LookupError::Store(error)) => Err(error.into()),
        Err(LookupError::NotFound) => Err(not_found),
        Err(LookupError::Ambiguous(mut loops)) => {
            loops.sort_by_key(|it| std::cmp::Reverse(it.updated.unix_ms));
            let what = format!("{} loops match \"{}\"", loops.len(), baton_display::strip_control_chars(text));
            Err(CommandError::ambiguous(what, candidates(&loops, |it| describe(context, it))))
        }
    }
}

fn describe(context: &Context, it: &ForeignLoop) -> String {
    format!(
        "  {}  {}  updated {}",
        baton_display::strip_control_chars(&it.id),
        it.state.word(),
        baton_display::format_local(&it.updated, &context.now())
    )
}
