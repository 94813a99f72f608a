//! The change of a file, as a user is shown it.

use std::path::Path;

use similar::TextDiff;

use baton_installer::config_file::ConfigFile;

/// The longest line that is shown whole, in characters.
const MAX_LINE: usize = 4000;

/// The difference of one file, as `diff -u` writes it. A symlink is named with where it leads.
#[must_use]
pub fn unified(source: &ConfigFile, after: Option<&str>) -> String {
    let name = |path: &Path| path.display().to_string();
    let file = source
        .link_target()
        .map_or_else(|| name(&source.path), |real| format!("{} -> {}", name(&source.path), name(real)));
    let none = || "/dev/null".to_owned();
    let old = if source.text.is_some() { file.clone() } else { none() };
    let new = if after.is_some() { file } else { none() };
    let diff = TextDiff::from_lines(source.text(), after.unwrap_or_default());
    let text = diff.unified_diff().context_radius(3).header(&old, &new).to_string();
    text.split('\n').map(sanitize_line).collect::<Vec<_>>().join("\n")
}

/// A line without what steers a terminal. Tabs stay; the CR of a line end is not shown.
fn sanitize_line(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let shown: String = line.chars().take(MAX_LINE).collect();
    let shown = shown.split('\t').map(baton_display::strip_control_chars).collect::<Vec<_>>().join("\t");
    let left = line.chars().count().saturating_sub(MAX_LINE);
    if left > 0 { format!("{shown}... ({left} more characters)") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::sanitize_line;

    #[test]
    fn lines_for_a_terminal() {
        for (line, expected) in
            [("+\tx\r", "+\tx"), ("+\u{1b}[31m", "+\u{fffd}[31m"), ("+\u{202e}live", "+\u{fffd}live")]
        {
            assert_eq!(sanitize_line(line), expected);
        }
        assert!(sanitize_line(&"x".repeat(4100)).ends_with("x... (100 more characters)"));
    }
}
