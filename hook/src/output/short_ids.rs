//! Shortens ids to as many characters as are needed to tell them apart.

use crate::error::CommandError;
use baton_status::{ListedSession, NEWEST, SessionReader};

/// The minimum length of a printed id.
const MIN_LENGTH: usize = 8;

/// The ids that a printed one must be distinguishable from, sorted.
pub struct ShortIds(Vec<String>);

impl ShortIds {
    /// Collects the ids that are printed, and those of the newest sessions, which a user is likely to mean. A Codex
    /// id begins with the time, so sessions that were opened within a minute have the same prefix.
    ///
    /// # Errors
    /// Returns an error if the state keeps changing.
    pub fn beside_newest<'a>(
        reader: &SessionReader<'_>,
        printed: impl IntoIterator<Item = &'a ListedSession>,
    ) -> Result<Self, CommandError> {
        let printed = printed.into_iter().map(|seen| seen.session.id.to_string());
        Ok(Self::new(printed.chain(reader.newest_ids(NEWEST)?)))
    }

    /// Collects ids.
    pub fn new(ids: impl IntoIterator<Item = String>) -> Self {
        let mut ids: Vec<String> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Self(ids)
    }

    /// Returns the shortest prefix of an id, at least 8 characters long, that no other id has.
    #[must_use]
    pub fn short<'a>(&self, id: &'a str) -> &'a str {
        let shared = |other: &String| id.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count() + 1;
        // The ids with the longest common prefix are its neighbours in the sorted list.
        let before = self.0.partition_point(|other| other.as_str() < id);
        let after = self.0.partition_point(|other| other.as_str() <= id);
        let beside = [before.checked_sub(1).and_then(|at| self.0.get(at)), self.0.get(after)];
        let needed = beside.into_iter().flatten().map(shared).max().unwrap_or(0);
        id.get(..needed.max(MIN_LENGTH)).unwrap_or(id)
    }
}

#[cfg(test)]
mod tests {
    use super::ShortIds;

    #[test]
    fn as_much_of_an_id_as_no_other_begins_with() {
        let all = ["019b0000-1e23-7", "019b0000-1e24-7", "5f0c2a11-aaaa", "short", "019b0000-1e24"];
        let ids = ShortIds::new(all.map(str::to_owned));
        for (id, expected) in [
            ("019b0000-1e23-7", "019b0000-1e23"),
            ("019b0000-1e24-7", "019b0000-1e24-"),
            // A complete id is meant although another begins with it.
            ("019b0000-1e24", "019b0000-1e24"),
            ("5f0c2a11-aaaa", "5f0c2a11"),
            ("short", "short"),
            ("019b0000-1f", "019b0000-1f"),
        ] {
            assert_eq!(ids.short(id), expected);
        }
    }
}
