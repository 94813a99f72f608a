//! Finds the loop of another program that a user means, where a run may be meant too.

use baton_display::{format_local, strip_control_chars};

use super::session::candidates;
use crate::context::Context;
use crate::error::CommandError;
use baton_engine::discovery::{ForeignLoop, ForeignLoopState};
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
            let what = format!("{} loops match \"{}\"", loops.len(), strip_control_chars(text));
            Err(CommandError::ambiguous(what, candidates(&loops, |it| describe(context, it))))
        }
    }
}

/// Returns the error of a command that changes runs, for a text that names none: it may name a loop of another program.
pub fn not_a_run(context: &Context, text: &str, not_found: CommandError) -> CommandError {
    let found = match resolve(context, text, not_found) {
        Ok(found) => found,
        Err(error) => return error,
    };
    let id = baton_display::strip_control_chars(&found.id);
    let state = found.state.word();
    let what = format!("{id} is a loop of another program, and no run of baton: it is {state}");
    let shows = format!("`baton run show {id}` shows it");
    CommandError::not_found(what).hint(match (found.pid, found.state) {
        (Some(pid), _) => format!("{shows}; only its own program changes it, which is pid {pid}"),
        (None, ForeignLoopState::Interrupted) => format!("{shows}; to go on with it, start its own program again"),
        (None, _) => shows,
    })
}

fn describe(context: &Context, it: &ForeignLoop) -> String {
    format!(
        "  {}  {}  updated {}",
        strip_control_chars(&it.id),
        it.state.word(),
        format_local(&it.updated, &context.now())
    )
}
