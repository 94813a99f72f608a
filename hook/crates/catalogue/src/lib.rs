//! Finds sessions and runs without listing them: the newest, by id, name, project, agent or word, and those that expire.
//!
//! The catalogue is a cache. It may be deleted at any time. A call that lists something first brings it up to date with
//! the audit, so it costs events nothing. A few changes stay in memory, and more are written to the file. A caller that
//! cannot write the file keeps all changes in memory.
//!
//! **Architecture invariant.** The catalogue only names candidates. Whoever asks reads the record and decides.
//!
//! May touch: two files in the cache of the state directory.

mod keys;
mod layered_map;
#[cfg(test)]
mod tests;
mod update;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::io;
use std::iter::Peekable;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use agent_baton_core::timestamp::CLOCK_TOLERANCE_MS;

use baton_store::{Store, StoreError};

pub use keys::{By, Kind};
use keys::{after, facts_key, parse_place, parse_word, place, prefix, word_prefix, words};
use layered_map::{LayeredMap, MergedRange};

/// The maximum number of words that begin like a searched one and are looked up. Where there are more, every record is a
/// candidate.
const MAX_MATCHING_WORDS: usize = 64;

/// The catalogue of one state, as of the moment when it was opened.
pub struct Catalogue {
    map: LayeredMap,
    path: PathBuf,
    /// The latest time that is not in the future, in milliseconds since 1970.
    latest: u64,
}

/// A catalogue that is opened at its first use. One process opens a catalogue once.
pub struct LazyCatalogue {
    store: Store,
    opened: OnceCell<Catalogue>,
}

impl LazyCatalogue {
    /// Creates the catalogue of a state. Nothing is opened yet.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone(), opened: OnceCell::new() }
    }

    /// Returns the state.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the catalogue, as of its first use.
    ///
    /// # Errors
    /// See [`Catalogue::open`].
    pub fn get(&self) -> Result<&Catalogue, StoreError> {
        match self.opened.get() {
            Some(catalogue) => Ok(catalogue),
            None => {
                let catalogue = Catalogue::open(&self.store)?;
                Ok(self.opened.get_or_init(|| catalogue))
            }
        }
    }
}

/// A record that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// The time by which its kind is sorted, in milliseconds since 1970.
    pub at: u64,
}

impl Catalogue {
    /// Opens the catalogue of a state and brings it up to date.
    ///
    /// # Errors
    /// Returns an error if the audit or the state directory cannot be read.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let path = store.catalogue_path();
        let map = update::open_current(store, &path)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let latest = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).saturating_add(CLOCK_TOLERANCE_MS);
        Ok(Self { map, path, latest })
    }

    /// Returns the records that are found by a value: those that cannot be read, then the newest first, and last those
    /// with a time in the future. With `from`, only those that follow a record with this time and id.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn newest(&self, kind: Kind, by: By<'_>, from: Option<(u64, &str)>) -> Result<Candidates<'_>, StoreError> {
        self.candidates(&[prefix(kind, by)], from)
    }

    /// Like [`Self::newest`], but only those with a time in this range, in milliseconds since 1970, and those that cannot
    /// be read.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn between(
        &self,
        kind: Kind,
        by: By<'_>,
        times: &Range<u64>,
        from: Option<(u64, &str)>,
    ) -> Result<Candidates<'_>, StoreError> {
        let (prefix, newest) = (prefix(kind, by), place(times.end.saturating_sub(1), ""));
        let begin = from.map_or_else(|| newest.clone(), |(at, id)| newest.clone().max(directly_after(at, id)));
        let range = |from: &[u8], to: &[u8]| {
            let at = |place: &[u8]| [prefix.as_slice(), place].concat();
            let range = self.map.range(&at(from), &at(to)).map_err(|error| self.error(error))?;
            Ok::<_, StoreError>(vec![PrefixRange { range, skip: prefix.len() }.peekable()])
        };
        let unreadable = if from.is_none() { range(&[], &place(u64::MAX - 1, ""))? } else { Vec::new() };
        let next = vec![range(&begin, &place(times.start.saturating_sub(1), ""))?];
        Ok(Candidates { catalogue: self, ranges: unreadable, next: next.into_iter(), seen: BTreeSet::new() })
    }

    /// Returns the records of a kind that may be older than a time: those with an earlier one, those with a time in the
    /// future, because nobody knows how old they are, and those that cannot be read.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn older_than(&self, kind: Kind, unix_ms: u64) -> Result<Vec<String>, StoreError> {
        let unreadable = self.newest(kind, By::All, None)?.take_while(|found| is_without_time(found.as_ref()));
        // What a little earlier clock wrote may be older by the clock of this boot.
        let until = unix_ms.saturating_add(CLOCK_TOLERANCE_MS).min(self.latest);
        let older = self.newest(kind, By::All, Some((until, "")))?;
        unreadable.chain(older).map(|found| Ok(found?.id)).collect()
    }

    /// Returns the records that may contain a text, the newest first: those with a word that begins like the longest
    /// word of the text.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn with_text(&self, kind: Kind, text: &str, from: Option<(u64, &str)>) -> Result<Candidates<'_>, StoreError> {
        let prefixes = match words(text).max_by_key(String::len) {
            Some(word) => self.matching_words(kind, &word).map_err(|error| self.error(error))?,
            None => None,
        };
        self.candidates(&prefixes.unwrap_or_else(|| vec![prefix(kind, By::All)]), from)
    }

    /// Returns the ids that begin with a text, in order.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn with_prefix(&self, kind: Kind, text: &str) -> Result<Vec<String>, StoreError> {
        let prefix = facts_key(kind, text);
        let range = self.map.range(&prefix, &after(&prefix)).map_err(|error| self.error(error))?;
        let ids = range.map(|entry| {
            let (key, _) = entry.map_err(|error| self.error(error))?;
            Ok(key.get(2..).map(|id| String::from_utf8_lossy(id).into_owned()).unwrap_or_default())
        });
        ids.collect()
    }

    /// Returns the prefixes of the words that begin like `beginning`, or `None` if there are too many.
    fn matching_words(&self, kind: Kind, beginning: &str) -> io::Result<Option<Vec<Vec<u8>>>> {
        let all = word_prefix(kind, beginning, false);
        let (mut from, to) = (all.clone(), after(&all));
        let mut found = Vec::new();
        while let Some(entry) = self.map.range(&from, &to)?.next() {
            let (key, _) = entry?;
            let Some((word, _)) = parse_word(&key) else { break };
            if found.len() == MAX_MATCHING_WORDS {
                return Ok(None);
            }
            let prefix = word_prefix(kind, word, true);
            from = after(&prefix);
            found.push(prefix);
        }
        Ok(Some(found))
    }

    fn candidates(&self, prefixes: &[Vec<u8>], from: Option<(u64, &str)>) -> Result<Candidates<'_>, StoreError> {
        let begin = from.map_or_else(Vec::new, |(at, id)| directly_after(at, id));
        let present = place(self.latest, "");
        let ranges = |from: &[u8], to: Option<&[u8]>| {
            let ranges = prefixes.iter().map(|prefix| {
                let to = to.map_or_else(|| after(prefix), |to| [prefix.as_slice(), to].concat());
                let range = self.map.range(&[prefix.as_slice(), from].concat(), &to);
                range.map(|range| PrefixRange { range, skip: prefix.len() }.peekable())
            });
            ranges.collect::<io::Result<Vec<_>>>().map_err(|error| self.error(error))
        };
        // A record that cannot be read has no time, and its place is before all others.
        let readable = place(u64::MAX - 1, "");
        let next = match from {
            None => vec![ranges(&present, None)?, ranges(&readable, Some(&present))?],
            Some((at, _)) if at > self.latest => vec![ranges(&begin, Some(&present))?],
            Some(_) => vec![ranges(&begin, None)?, ranges(&readable, Some(&present))?],
        };
        let first = if from.is_none() { ranges(&[], Some(&readable))? } else { Vec::new() };
        Ok(Candidates { catalogue: self, ranges: first, next: next.into_iter(), seen: BTreeSet::new() })
    }

    fn error(&self, source: io::Error) -> StoreError {
        StoreError::Io { operation: "read the cache", path: self.path.clone(), source }
    }
}

/// Returns the place directly after a record: nothing is between a place and itself with a zero byte.
fn directly_after(at: u64, id: &str) -> Vec<u8> {
    [place(at, id), vec![0]].concat()
}

/// Returns whether a record is found without a time because it cannot be read.
const fn is_without_time(found: Result<&Candidate, &StoreError>) -> bool {
    matches!(found, Ok(Candidate { at: u64::MAX, .. }) | Err(_))
}

/// The places below one prefix.
struct PrefixRange<'a> {
    range: MergedRange<'a>,
    skip: usize,
}

impl Iterator for PrefixRange<'_> {
    type Item = io::Result<Vec<u8>>;
    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.range.next()?;
        Some(entry.map(|(mut key, _)| key.split_off(self.skip.min(key.len()))))
    }
}

/// Candidates, the newest first, each once.
pub struct Candidates<'a> {
    catalogue: &'a Catalogue,
    ranges: Vec<Peekable<PrefixRange<'a>>>,
    /// The ranges that follow.
    next: std::vec::IntoIter<Vec<Peekable<PrefixRange<'a>>>>,
    /// The places that were returned, where several prefixes can have the same one.
    seen: BTreeSet<Vec<u8>>,
}

impl Iterator for Candidates<'_> {
    type Item = Result<Candidate, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let several = self.ranges.len() > 1;
            let first = self.ranges.iter_mut().filter_map(|range| {
                // An error comes before everything else.
                let place = range.peek()?.as_ref().ok().cloned();
                Some((place, range))
            });
            let Some((_, range)) = first.min_by(|(a, _), (b, _)| a.cmp(b)) else {
                self.ranges = self.next.next()?;
                continue;
            };
            let place = match range.next()? {
                Ok(place) => place,
                Err(error) => return Some(Err(self.catalogue.error(error))),
            };
            let Some((at, id)) = parse_place(&place) else { continue };
            let candidate = Candidate { id: id.to_owned(), at };
            if !several || self.seen.insert(place) {
                return Some(Ok(candidate));
            }
        }
    }
}
