//! What commands print: data on standard output.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use textwrap::core::display_width;

use crate::commands::error::CommandError;
use crate::words;

mod terminal;

pub use terminal::{Item, Section, Terminal};

/// How many bytes of a JSON value are written at once: as many as a pipe holds.
const PIECE: usize = 64 * 1024;

/// Prints lines. A reader that has gone away, as `head` does, is no failure.
///
/// # Errors
/// When standard output cannot be written.
pub fn lines(text: &str) -> Result<(), CommandError> {
    ended(io::stdout().lock().write_all(text.as_bytes()))
}

fn ended(written: io::Result<()>) -> Result<(), CommandError> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::Output(error)),
        _ => Ok(()),
    }
}

/// Says something to the person on standard error, with baton's name before it.
pub fn say(text: &str) {
    hint(&format!("baton: {text}"));
}

/// Adds to what is printed a word for the person alone, on standard error. Where that cannot be written nobody is left to be told, and
/// the command goes on: `eprintln` would end it half-way.
pub fn hint(text: &str) {
    let _ = io::stderr().lock().write_all(format!("{}\n", words::clean_lines(text)).as_bytes());
}

/// Prints one JSON value, indented.
///
/// # Errors
/// When standard output cannot be written.
pub fn json<T: Serialize>(value: &T) -> Result<(), CommandError> {
    let mut out = BufWriter::with_capacity(PIECE, io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from);
    ended(written.and_then(|()| writeln!(out)).and_then(|()| out.flush()))
}

/// Rows in columns, two spaces between; the last column takes what is left.
#[must_use]
pub fn table<R: AsRef<[String]>>(rows: &[R]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.as_ref().iter().enumerate() {
            let width = display_width(cell);
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        // A column in which nothing stands takes no room.
        for (cell, widest) in row.as_ref().iter().zip(&widths).filter(|(_, widest)| **widest > 0) {
            text.push_str(cell);
            pad(&mut text, widest - display_width(cell) + 2);
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

fn pad(text: &mut String, spaces: usize) {
    text.extend(std::iter::repeat_n(' ', spaces));
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "bb", "c"], ["\u{4f60}a", "b", ""]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a    bb  c\n\u{4f60}a  b\n");
        let rows = [["a", "", "c"], ["b", "", "dd"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a  c\nb  dd\n");
    }
}
