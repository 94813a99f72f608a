//! Shows the change of a file to a user.

use std::path::Path;

use similar::TextDiff;

use baton_installer::config_file::ConfigFile;

/// The longest line that is shown completely, in characters.
const MAX_LINE: usize = 4000;

/// Returns the difference of one file in the format of `diff -u`. For a symlink, the target is shown, too.
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

/// Returns a line without control characters. Tabs stay. The CR of a line end is not shown.
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
