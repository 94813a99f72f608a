//! What commands print: data on standard output.

use std::io::{self, Write};

use serde::Serialize;
use textwrap::core::display_width;

use crate::commands::error::CommandError;
use crate::words;

mod terminal;

pub use terminal::{Item, Section, Terminal};

/// Prints lines. A reader that has gone away, as `head` does, is no failure.
///
/// # Errors
/// When standard output cannot be written.
pub fn lines(text: &str) -> Result<(), CommandError> {
    match io::stdout().lock().write_all(text.as_bytes()) {
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
    let mut text = serde_json::to_string_pretty(value).map_err(|error| CommandError::Output(error.into()))?;
    text.push('\n');
    lines(&text)
}

/// Rows in columns, two spaces between; the last column takes what is left.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| display_width(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{:1$}", "", width.saturating_sub(display_width(cell))));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "bb", "c"], ["\u{4f60}a", "b", ""]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a    bb  c\n\u{4f60}a  b\n");
    }
}
