//! Lists sessions page by page. The catalogue names candidates, the newest first; the records decide.

use std::collections::BTreeSet;
use std::ops::Range;
use std::thread;

use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::session::Session;

use crate::cursor::Cursor;
use crate::reader::{ListedSession, SessionReader};
use baton_catalogue::{By, Candidate, Kind};
use baton_engine::session_status::{SessionStatus, is_marked};
use baton_store::{Store, StoreError};

/// The minimum number of sessions that one thread reads. Starting a thread costs as much as reading some of them.
const MIN_SESSIONS_PER_THREAD: usize = 500;

/// How many sessions are read from one version of the state. If a commit happens in between, they are read again.
const READ_BATCH: usize = 64;

/// The maximum number of records that are read ahead.
const MAX_READ_AHEAD: usize = 8192;

/// What to list.
#[derive(Debug, Clone, Copy)]
pub enum Search<'a> {
    /// The sessions that are found by a value.
    By(By<'a>),
    /// The sessions that may contain a text, and these of the newest sessions, in whatever they contain it.
    Text(&'a str, &'a BTreeSet<String>),
}

/// A query for sessions.
pub struct ListQuery<'a> {
    /// Whether to include headless, superseded and empty sessions.
    pub all: bool,
    /// The maximum number of sessions.
    pub limit: usize,
    /// The end of the previous page.
    pub cursor: Option<&'a Cursor<SessionId>>,
    /// Whether pinned sessions come before all others.
    pub pinned_first: bool,
    /// What narrows the list most.
    pub search: Search<'a>,
    /// When the sessions were last opened, in milliseconds since 1970. It only saves reading, too.
    pub opened: Option<Range<u64>>,
    /// The filter. It decides, and `search` only saves reading.
    pub matches: &'a dyn Fn(&ListedSession) -> bool,
}

/// A page of sessions: first the pinned ones, then the others, each most recently opened first.
#[derive(Default)]
pub struct Page {
    /// The sessions.
    pub sessions: Vec<ListedSession>,
    /// The cursor of the next page. `None` on the last page.
    pub next: Option<Cursor<SessionId>>,
    /// The unreadable records that were encountered.
    pub unreadable: Vec<(SessionId, Option<StoreError>)>,
    /// The cursor of the last session.
    last: Option<Cursor<SessionId>>,
}

impl Page {
    /// Adds a session, and returns whether the page is full.
    fn push(
        &mut self,
        reader: &SessionReader<'_>,
        query: &ListQuery<'_>,
        session: Box<Session>,
        archived: bool,
        at: u64,
    ) -> bool {
        let hidden = session.headless || session.ended.as_ref().is_some_and(|end| end.reason == Reason::Superseded);
        if hidden && !query.all {
            return false;
        }
        let seen = reader.assess(session, archived);
        let is_empty = seen.standing.status == SessionStatus::Empty && !is_marked(&seen.session);
        if is_empty && !query.all {
            return false;
        }
        if !(query.matches)(&seen) {
            return false;
        }
        if self.sessions.len() == query.limit {
            self.next = self.last.take();
            return true;
        }
        self.last = Some(Cursor { pinned: seen.session.pinned, at, id: seen.session.id.clone() });
        self.sessions.push(seen);
        false
    }
}

impl SessionReader<'_> {
    /// Returns one page of sessions.
    ///
    /// # Errors
    /// Returns an error if the state cannot be read.
    pub fn page(&self, query: &ListQuery<'_>) -> Result<Page, StoreError> {
        let mut page = Page::default();
        let passes: &[Option<bool>] = if query.pinned_first { &[Some(true), Some(false)] } else { &[None] };
        for pinned in passes {
            // The pinned sessions come before a cursor that is not one of them.
            if *pinned == Some(true) && query.cursor.is_some_and(|cursor| !cursor.pinned) {
                continue;
            }
            if self.add_to(&mut page, query, *pinned)? {
                break;
            }
        }
        Ok(page)
    }

    /// Adds the sessions that are pinned, or those that are not, or both. Returns whether the page is full.
    fn add_to(&self, page: &mut Page, query: &ListQuery<'_>, pinned: Option<bool>) -> Result<bool, StoreError> {
        let catalogue = self.catalogue.get()?;
        let follows = |cursor: &&Cursor<SessionId>| pinned.is_none_or(|pinned| cursor.pinned == pinned);
        let from = query.cursor.filter(follows).map(|cursor| (cursor.at, cursor.id.as_str()));
        let search = if pinned == Some(true) { Search::By(By::Pinned) } else { query.search };
        let mut found: Box<dyn Iterator<Item = Result<Candidate, StoreError>>> = match search {
            Search::By(by) => match &query.opened {
                Some(opened) => Box::new(catalogue.between(Kind::Session, by, opened, from)?),
                None => Box::new(catalogue.newest(Kind::Session, by, from)?),
            },
            Search::Text(text, newest) => {
                let is_new =
                    |found: &Result<Candidate, _>| found.as_ref().is_ok_and(|found| newest.contains(&found.id));
                let new = catalogue.newest(Kind::Session, By::All, from)?.take_while(is_new);
                let old = catalogue.with_text(Kind::Session, text, from)?.filter(move |found| !is_new(found));
                Box::new(new.chain(old))
            }
        };
        let mut ahead = READ_BATCH;
        loop {
            let batch = found.by_ref().take(ahead).collect::<Result<Vec<_>, _>>()?;
            if batch.is_empty() {
                return Ok(false);
            }
            for (candidate, reading) in batch.iter().zip(read_all(self.store(), &batch)?) {
                let (session, archived) = match reading {
                    Reading::Live(session) => (session, false),
                    Reading::Archived(session) => (session, true),
                    Reading::Absent | Reading::Deleted => continue,
                    Reading::Unreadable => {
                        page.unreadable.extend(candidate.id.parse().map(|id| self.unreadable(&id)));
                        continue;
                    }
                };
                let is_of_pass = pinned.is_none_or(|pinned| session.pinned == pinned);
                if is_of_pass && page.push(self, query, Box::new(session), archived, candidate.at) {
                    return Ok(true);
                }
            }
            ahead = (ahead * 2).min(MAX_READ_AHEAD);
        }
    }

    /// Returns the sessions that have not ended, most recently opened first, and the records that cannot be read.
    ///
    /// # Errors
    /// Returns an error if the state cannot be read.
    pub fn open_sessions(&self) -> Result<Page, StoreError> {
        let mut page = Page::default();
        for found in self.catalogue.get()?.newest(Kind::Session, By::Open, None)? {
            let Ok(id) = found?.id.parse() else { continue };
            match self.read(&id)? {
                Reading::Live(session) if session.ended.is_none() => page.sessions.push(self.assess(session, false)),
                Reading::Unreadable => page.unreadable.push(self.unreadable(&id)),
                _ => {}
            }
        }
        Ok(page)
    }
}

/// Reads records, using every CPU core.
fn read_all(store: &Store, found: &[Candidate]) -> Result<Vec<Reading<Session>>, StoreError> {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = found.len().div_ceil(cores).max(MIN_SESSIONS_PER_THREAD);
    let (own, others) = found.split_at_checked(share).unwrap_or((found, &[]));
    thread::scope(|scope| {
        let others: Vec<_> = others.chunks(share).map(|part| scope.spawn(move || read(store, part))).collect();
        let mut readings = read(store, own)?;
        for other in others {
            readings.append(&mut other.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault))?);
        }
        Ok(readings)
    })
}

fn read(store: &Store, found: &[Candidate]) -> Result<Vec<Reading<Session>>, StoreError> {
    let mut readings = Vec::with_capacity(found.len());
    for batch in found.chunks(READ_BATCH) {
        readings.extend(store.read(|view| {
            batch
                .iter()
                .map(|candidate| candidate.id.parse().map_or(Reading::Absent, |id| view.session(&id)))
                .collect::<Vec<_>>()
        })?);
    }
    Ok(readings)
}
