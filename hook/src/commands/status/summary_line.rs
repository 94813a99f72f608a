//! Renders one line of counts for a status bar.

use baton_status::StatusReport;

/// Returns the counts. Empty if there is nothing to count.
pub(super) fn render(report: &StatusReport) -> String {
    let parts = report.counts().into_iter().map(|(count, word)| match (count, word) {
        (1, "other loops") => "1 other loop".to_owned(),
        _ => format!("{count} {word}"),
    });
    let mut line = parts.collect::<Vec<_>>().join(", ");
    line.push('\n');
    line
}
