//! What a person is shown before files are written, and the question.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use similar::TextDiff;

use crate::commands::error::CommandError;
use crate::commands::print;
use crate::wiring::WiringError;
use crate::wiring::file::Source;
use crate::words;

/// The longest line that is shown whole, in characters.
const MAX_LINE: usize = 4000;

/// The difference of one file, as `diff -u` writes it. A symlink is named with where it leads.
#[must_use]
pub fn of_file(source: &Source, after: Option<&str>) -> String {
    let name = |path: &Path| path.display().to_string();
    let file =
        source.link().map_or_else(|| name(&source.path), |real| format!("{} -> {}", name(&source.path), name(real)));
    let none = || "/dev/null".to_owned();
    let old = if source.text.is_some() { file.clone() } else { none() };
    let new = if after.is_some() { file } else { none() };
    let diff = TextDiff::from_lines(source.text(), after.unwrap_or_default());
    let text = diff.unified_diff().context_radius(3).header(&old, &new).to_string();
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

/// A line without what steers a terminal. Tabs stay; the CR of a line end is not shown.
fn clean(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let shown: String = line.chars().take(MAX_LINE).collect();
    let shown = shown.split('\t').map(words::clean).collect::<Vec<_>>().join("\t");
    let left = line.chars().count().saturating_sub(MAX_LINE);
    if left > 0 { format!("{shown}... ({left} more characters)") } else { shown }
}

/// Asks at the terminal. Without one nobody can say yes.
///
/// # Errors
/// [`WiringError::Unasked`], and [`WiringError::Declined`].
pub fn ask(question: &str) -> Result<(), CommandError> {
    if !io::stdin().is_terminal() {
        return Err(WiringError::Unasked.into());
    }
    let mut stderr = io::stderr();
    write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).map_err(CommandError::Output)?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(CommandError::Input)?;
    match line.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(WiringError::Declined.into()),
    }
}

/// Prints it.
///
/// # Errors
/// Where standard output cannot be written.
pub fn show(text: &str) -> Result<(), CommandError> {
    print::lines(text)
}

/// The present moment as a part of a file name: `20260102-030405`, in UTC.
#[must_use]
pub fn stamp() -> String {
    jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn lines_for_a_terminal() {
        for (line, expected) in
            [("+\tx\r", "+\tx"), ("+\u{1b}[31m", "+\u{fffd}[31m"), ("+\u{202e}live", "+\u{fffd}live")]
        {
            assert_eq!(clean(line), expected);
        }
        assert!(clean(&"x".repeat(4100)).ends_with("x... (100 more characters)"));
    }
}
