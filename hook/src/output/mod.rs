//! Prints the results of commands on standard output.

mod columns;
pub mod confirm;
pub mod diff;
pub mod listing;
pub mod report;
pub mod run_result;
pub mod session_label;
pub mod short_ids;
pub mod style;
pub mod terminal;

use std::io::{self, BufWriter, Write};

use baton_display::{clear_progress, strip_control_chars_by_line};

use serde::Serialize;

use crate::error::CommandError;

pub use self::confirm::{confirm, confirm_at_terminal};

/// How many bytes of a JSON value are written at once: the capacity of a pipe.
const PIPE_CAPACITY: usize = 64 * 1024;

/// Prints lines. It is not an error if the reader has exited, as `head` may.
///
/// # Errors
/// Returns an error if standard output cannot be written.
pub fn print(text: &str) -> Result<(), CommandError> {
    clear_progress();
    ignore_closed_pipe(io::stdout().lock().write_all(text.as_bytes()))
}

fn ignore_closed_pipe(written: io::Result<()>) -> Result<(), CommandError> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::output(error)),
        _ => Ok(()),
    }
}

/// Prints a message for the user on standard error, with baton's name before it.
pub fn notice(text: &str) {
    hint(&format!("baton: {text}"));
}

/// Prints a hint for the user on standard error. If that cannot be written, the command continues, while `eprintln`
/// would panic.
pub fn hint(text: &str) {
    clear_progress();
    let _ = io::stderr().lock().write_all(format!("{}\n", strip_control_chars_by_line(text)).as_bytes());
}

/// Prints one JSON value, indented.
///
/// # Errors
/// Returns an error if standard output cannot be written.
pub fn print_json<T: Serialize>(value: &T) -> Result<(), CommandError> {
    clear_progress();
    let mut out = BufWriter::with_capacity(PIPE_CAPACITY, io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from);
    ignore_closed_pipe(written.and_then(|()| writeln!(out)).and_then(|()| out.flush()))
}

/// Returns the current time for a file name: `20260102-030405`, in UTC.
#[must_use]
pub fn backup_suffix() -> String {
    jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string()
}
