//! What commands print: data on standard output.

use std::io::{self, Write};

use serde::Serialize;
use textwrap::core::display_width;

use crate::commands::error::CommandError;
use crate::words;

/// How many columns are taken for granted.
pub const WIDTH: usize = 80;

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

/// What is known of one thing: what matters, and the rest.
pub struct Item {
    /// The columns that come first.
    pub first: Vec<String>,
    /// The columns that come after them, or on a second line where there is no room.
    pub second: Vec<String>,
}

/// Where lines are printed.
pub struct Terminal {
    /// How many columns it has.
    pub width: usize,
    /// Whether headings are set off.
    pub bold: bool,
}

impl Terminal {
    /// The terminal at standard output; [`WIDTH`] columns where there is none.
    #[must_use]
    pub fn of_stdout() -> Self {
        let size = terminal_size::terminal_size_of(io::stdout());
        let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self {
            width: size.map_or(WIDTH, |(width, _)| usize::from(width.0)),
            bold: size.is_some() && unset("NO_COLOR") && !dumb,
        }
    }

    /// A heading and the things below it; nothing where there are none.
    #[must_use]
    pub fn section(&self, title: &str, items: &[Item]) -> String {
        if items.is_empty() {
            return String::new();
        }
        let mut text = if self.bold { format!("\u{1b}[1m{title}\u{1b}[0m\n") } else { format!("{title}\n") };
        let rows: Vec<Vec<String>> =
            items.iter().map(|item| [item.first.clone(), item.second.clone()].concat()).collect();
        let wide = table(&rows);
        if wide.lines().all(|line| display_width(line) + 2 <= self.width) || self.width >= WIDTH {
            text.extend(wide.lines().map(|line| format!("{}\n", self.cut(&format!("  {line}")))));
            return text;
        }
        let firsts: Vec<Vec<String>> = items.iter().map(|item| item.first.clone()).collect();
        for (first, item) in table(&firsts).lines().zip(items) {
            let second = item.second.iter().filter(|cell| !cell.is_empty()).cloned().collect::<Vec<_>>().join("  ");
            text.push_str(&format!("{}\n{}\n", self.cut(first), self.cut(&format!("  {second}"))));
        }
        text
    }

    /// A line, cut where the terminal ends.
    fn cut(&self, line: &str) -> String {
        if display_width(line) <= self.width {
            return line.to_owned();
        }
        let mut cut = String::new();
        for c in line.chars() {
            if display_width(&cut) + display_width(c.encode_utf8(&mut [0; 4])) >= self.width {
                break;
            }
            cut.push(c);
        }
        cut.push('\u{2026}');
        cut
    }
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
