//! Calls that are measured side by side, and their table.

/// The number of rounds that are run first and not counted.
pub const WARM_UP: usize = 20;

/// The cost of one thing in two situations, in nanoseconds. Each round gives one of each.
pub struct Pairs {
    /// A description of the call.
    pub name: &'static str,
    /// The cost in the first situation.
    pub alone: Vec<u64>,
    /// The cost in the second situation.
    pub crowded: Vec<u64>,
}

impl Pairs {
    /// Creates an empty measurement.
    pub const fn new(name: &'static str) -> Self {
        Self { name, alone: Vec::new(), crowded: Vec::new() }
    }

    /// Measures both situations, which `measure` gets as 0 and 1. The order of the two changes from round to round.
    pub fn add(&mut self, round: usize, mut measure: impl FnMut(usize) -> u64) {
        let first = round % 2;
        let mut ns = [0; 2];
        for side in [first, 1 - first] {
            ns[side] = measure(side);
        }
        if round >= WARM_UP {
            self.alone.push(ns[0]);
            self.crowded.push(ns[1]);
        }
    }
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

/// Returns the value below which this share of the values lies.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn percentile(values: &[u64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = (share * (sorted.len().saturating_sub(1)) as f64).round() as usize;
    sorted.get(at).copied().unwrap_or_default() as f64
}
