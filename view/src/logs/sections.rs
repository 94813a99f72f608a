//! The sections of a log, from the lines that are kept of it.

use baton_store::progress::section::{phase_of, section_name};
use schemars::JsonSchema;
use serde::Serialize;

use super::LogLine;

/// A section of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct LogSection {
    /// Its name, such as `task iteration 3`.
    pub(crate) name: String,
    /// The phase to which it belongs, if its name tells.
    pub(crate) phase: Option<String>,
    /// The time of its first line with one, as the log says it: local, and without a time zone.
    pub(crate) begun: Option<String>,
    /// How many lines it has.
    pub(crate) lines: usize,
}

/// Returns the sections that begin in these lines, in order.
pub(crate) fn sections<'a>(lines: impl Iterator<Item = &'a LogLine>) -> Vec<LogSection> {
    let mut sections: Vec<LogSection> = Vec::new();
    for line in lines {
        if let Some(name) = section_name(&line.text) {
            let phase = phase_of(name).map(str::to_owned);
            sections.push(LogSection { name: name.to_owned(), phase, begun: None, lines: 0 });
        } else if let Some(section) = sections.last_mut() {
            section.lines += 1;
            if section.begun.is_none() {
                section.begun = time_of(&line.text).map(str::to_owned);
            }
        }
    }
    sections
}

/// Returns the time in brackets at the beginning of a line.
fn time_of(line: &str) -> Option<&str> {
    let (time, _) = line.strip_prefix('[')?.split_once(']')?;
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | ' ');
    (time.contains(':') && time.chars().all(is_part)).then_some(time)
}
