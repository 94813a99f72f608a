//! Prints the measurements as a table in Markdown.

use crate::lists::Times;
use crate::measure::Measured;
use crate::pairs::percentile;
use crate::view::Face;

/// Returns one row for each kind of call.
pub fn render(rows: &[Measured]) -> String {
    let mut text = String::from(
        "| call | rounds | median, ms | `/bin/true`, ms | ratio | p99, ms | `/bin/true`, ms | ratio | instructions | peak memory |\n\
         | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n",
    );
    for row in rows {
        let at = |values: &[u64], share: f64| percentile(values, share);
        let (median, median_empty) = (at(&row.call_ns, 0.5), at(&row.empty_ns, 0.5));
        let (p99, p99_empty) = (at(&row.call_ns, 0.99), at(&row.empty_ns, 0.99));
        let instructions = row.instructions.map_or_else(|| "not measured".to_owned(), thousands);
        text.push_str(&format!(
            "| {} | {} | {:.2} | {:.2} | **{:.2}** | {:.2} | {:.2} | {:.2} | {instructions} | {:.1} MiB |\n",
            row.name,
            row.call_ns.len(),
            median / 1e6,
            median_empty / 1e6,
            median / median_empty,
            p99 / 1e6,
            p99_empty / 1e6,
            p99 / p99_empty,
            f64::from(u32::try_from(row.peak_kib).unwrap_or(u32::MAX)) / 1024.0,
        ));
    }
    text
}

/// Returns one row for each command: its median with 1,000, 100,000 and 1,000,000 sessions, and how much more the last
/// one is than the first.
pub fn of_sizes(rows: &[Times]) -> String {
    let mut text = String::from(
        "| command, medians in ms | 1,000 | 100,000 | 1,000,000 | ratio |\n| --- | --: | --: | --: | --: |\n",
    );
    for row in rows {
        let medians: Vec<f64> = row.ns.iter().map(|ns| percentile(ns, 0.5) / 1e6).collect();
        let cells: String = medians.iter().map(|median| format!(" {median:.2} |")).collect();
        text.push_str(&format!("| {} |{cells} **{:.2}** |\n", row.name, medians[medians.len() - 1] / medians[0]));
    }
    text
}

/// Returns one row for each face of the live view.
pub fn of_faces(rows: &[Face]) -> String {
    let mut text = String::from(
        "| | first shown, ms | a change shown, ms | 99 of 100 changes, ms | a core while idle | peak memory |\n\
         | --- | --: | --: | --: | --: | --: |\n",
    );
    for row in rows {
        let ms = |values: &[u64], share: f64| percentile(values, share) / 1e6;
        text.push_str(&format!(
            "| {} | {:.0} | {:.0} | {:.0} | {}.{} % | {} MiB |\n",
            row.name,
            ms(&row.first_ns, 0.5),
            ms(&row.change_ns, 0.5),
            ms(&row.change_ns, 0.99),
            row.idle_permille / 10,
            row.idle_permille % 10,
            row.peak_kib / 1024,
        ));
    }
    text
}

/// Returns a number with a comma before every three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
