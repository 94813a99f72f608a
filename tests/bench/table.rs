//! Prints the measurements as a table in Markdown.

use crate::crowded::Pairs;
use crate::lists::Times;
use crate::measure::Measured;
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

/// Returns one row for each pair of calls: their medians, and the median of the ratios of calls that were made side
/// by side.
pub fn compared(sides: [&str; 2], rows: &[Pairs]) -> String {
    let [one, other] = sides;
    let mut text = format!(
        "| call | rounds | {one}, median, ms | {other}, median, ms | ratio of the medians | median of the ratios |\n\
         | --- | --: | --: | --: | --: | --: |\n"
    );
    for row in rows {
        let (alone, crowded) = (percentile(&row.alone, 0.5), percentile(&row.crowded, 0.5));
        // Compute in thousandths, so that one function serves for both.
        let ratios: Vec<u64> = row.alone.iter().zip(&row.crowded).map(|(a, b)| b * 1000 / a.max(&1)).collect();
        text.push_str(&format!(
            "| {} | {} | {:.2} | {:.2} | **{:.2}** | {:.2} |\n",
            row.name,
            row.alone.len(),
            alone / 1e6,
            crowded / 1e6,
            crowded / alone,
            percentile(&ratios, 0.5) / 1e3,
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

/// Returns the value below which this share of the values lies.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn percentile(values: &[u64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = (share * (sorted.len().saturating_sub(1)) as f64).round() as usize;
    sorted.get(at).copied().unwrap_or_default() as f64
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
