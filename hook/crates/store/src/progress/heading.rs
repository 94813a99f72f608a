//! The headings of a log. The last heading shows what the log already contains.

use agent_baton_core::fence::Fence;
use agent_baton_core::run::Status;

/// The content of a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heading {
    /// The iteration of the run.
    pub iteration: u32,
    /// The owner's fence.
    pub fence: Fence,
    /// Whether the run is active, waiting or paused.
    pub status: Status,
}

impl Heading {
    /// Returns a heading with these words.
    #[must_use]
    pub fn heading(&self, words: &str) -> String {
        let comma = if words.is_empty() { "" } else { ", " };
        format!("\n--- {words}{comma}iteration {}, fence {} ---\n", self.iteration, self.fence)
    }

    /// Parses a line. Returns `None` if it is not a heading of baton.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let inner = line.strip_prefix("--- ")?.strip_suffix(" ---")?;
        let (rest, fence) = inner.rsplit_once(", fence ")?;
        let (words, iteration) = rest.rsplit_once("iteration ")?;
        let status = match words {
            "paused, " => Status::Paused,
            "waiting, " => Status::Waiting,
            _ => Status::Active,
        };
        Some(Self { iteration: iteration.parse().ok()?, fence: Fence(fence.parse().ok()?), status })
    }

    /// Returns the last heading in a part of a log.
    #[must_use]
    pub fn last(text: &str) -> Option<Self> {
        text.lines().rev().find_map(Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_read_as_they_are_written() {
        for (words, status) in [
            ("", Status::Active),
            ("started", Status::Active),
            ("restarted at 2026-04-05 08:00:00", Status::Active),
            ("paused", Status::Paused),
            ("waiting", Status::Waiting),
            ("continued", Status::Active),
        ] {
            let mark = Heading { iteration: 3, fence: Fence(1002), status };
            assert_eq!(Heading::last(&format!("x\n{}[t] y\n", mark.heading(words))), Some(mark), "{words}");
        }
    }

    #[test]
    fn other_lines_are_no_headings() {
        for line in [
            "",
            "------------------------------------------------------------",
            "--- task iteration 1 ---",
            "--- restarted at 2026-04-05 08:00:00 ---",
            "[26-04-05 08:00:00] --- iteration 3, fence 2 ---",
            "--- iteration x, fence 2 ---",
            "--- iteration 3, fence 2",
        ] {
            assert_eq!(Heading::parse(line), None, "{line:?}");
        }
    }
}
