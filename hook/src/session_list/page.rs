//! Lists sessions page by page.
//!
//! The index lists the newest sessions and those that have not ended. Only a query that it cannot answer reads every
//! record.

use std::cmp::Reverse;
use std::thread;

use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::session::Session;

use super::{ListedSession, SessionReader};
use crate::error::CommandError;
use baton_engine::session_status::{SessionStatus, is_marked};
use baton_store::{RecentEntry, Store, StoreError, last_opened};

/// The minimum number of sessions that one thread reads. Starting a thread costs as much as reading some of them.
const MIN_SESSIONS_PER_THREAD: usize = 500;

/// How many sessions are read from one version of the state. If a commit happens in between, they are read again.
const READ_BATCH: usize = 64;

/// The end of a page: when its last session was last opened, in milliseconds since 1970, and that session's id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    at: u64,
    id: SessionId,
}

/// The text is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor is the value that the previous page ended with, such as 1700000000000-ID")]
pub struct CursorError;

impl std::str::FromStr for Cursor {
    type Err = CursorError;
    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (at, id) = text.split_once('-').ok_or(CursorError)?;
        Ok(Self { at: at.parse().map_err(|_| CursorError)?, id: id.parse().map_err(|_| CursorError)? })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.at, self.id)
    }
}

impl Cursor {
    fn after(session: &Session) -> Self {
        Self { at: last_opened(session).unix_ms, id: session.id.clone() }
    }

    /// Returns whether a session comes after the end of the page: it was opened earlier, or at the same time and its
    /// id comes later.
    fn precedes(&self, at: u64, id: &SessionId) -> bool {
        at < self.at || (at == self.at && *id > self.id)
    }
}

/// A query for sessions.
pub struct ListQuery<'a> {
    /// Whether to include headless, superseded and empty sessions.
    pub all: bool,
    /// The maximum number of sessions.
    pub limit: usize,
    /// The end of the previous page.
    pub cursor: Option<&'a Cursor>,
    /// The filter.
    pub matches: &'a dyn Fn(&ListedSession) -> bool,
}

/// A page of sessions, most recently opened first.
#[derive(Default)]
pub struct Page {
    /// The sessions.
    pub sessions: Vec<ListedSession>,
    /// The cursor of the next page. `None` on the last page.
    pub next: Option<Cursor>,
    /// The unreadable records that were encountered.
    pub unreadable: Vec<(SessionId, Option<StoreError>)>,
}

impl Page {
    /// Adds a session, and returns whether the page is full.
    fn push(
        &mut self,
        reader: &SessionReader<'_>,
        query: &ListQuery<'_>,
        session: Box<Session>,
        archived: bool,
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
            self.next = self.sessions.last().map(|last| Cursor::after(&last.session));
            return true;
        }
        self.sessions.push(seen);
        false
    }
}

impl SessionReader<'_> {
    /// Returns one page of sessions.
    ///
    /// # Errors
    /// Returns an error if the state cannot be listed.
    pub fn page(&self, query: &ListQuery<'_>) -> Result<Page, CommandError> {
        match self.page_from_index(query)? {
            Some(page) => Ok(page),
            None => self.page_from_records(query, self.context.store().sessions_with_prefix("")?),
        }
    }

    /// Returns the sessions that have not ended, most recently opened first, and the records that cannot be read.
    ///
    /// # Errors
    /// Returns an error if the state cannot be listed.
    pub fn open_sessions(&self) -> Result<Page, CommandError> {
        let Some(recent) = self.recent_sessions()?.filter(|recent| !recent.truncated) else {
            // A session that has not ended is always among the live ones.
            let live =
                self.context.store().sessions(Location::Live)?.into_iter().map(|id| (id, Location::Live)).collect();
            let matches = |seen: &ListedSession| seen.session.ended.is_none();
            return self
                .page_from_records(&ListQuery { all: true, limit: usize::MAX, cursor: None, matches: &matches }, live);
        };
        let mut page = Page::default();
        for listed in recent.sessions.iter().rev().filter(|listed| !listed.ended) {
            match self.read(&listed.id)? {
                Reading::Live(session) if session.ended.is_none() => page.sessions.push(self.assess(session, false)),
                Reading::Unreadable => page.unreadable.push(self.unreadable(&listed.id)),
                _ => {}
            }
        }
        Ok(page)
    }

    /// Answers a query from the index. Returns `None` if the index does not go back far enough.
    fn page_from_index(&self, query: &ListQuery<'_>) -> Result<Option<Page>, CommandError> {
        let Some(recent) = self.recent_sessions()?.filter(|recent| !recent.incomplete) else { return Ok(None) };
        let mut listed: Vec<&RecentEntry> =
            recent.sessions.iter().filter(|listed| listed.at > recent.complete_since).collect();
        listed.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
        let mut page = Page::default();
        for listed in listed {
            let before = query.cursor.is_some_and(|cursor| !cursor.precedes(listed.at, &listed.id));
            if before || (listed.headless && !query.all) {
                continue;
            }
            let full = match self.read(&listed.id)? {
                Reading::Live(session) => page.push(self, query, Box::new(session), false),
                Reading::Archived(session) => page.push(self, query, Box::new(session), true),
                Reading::Absent | Reading::Deleted => false,
                Reading::Unreadable => {
                    page.unreadable.push(self.unreadable(&listed.id));
                    false
                }
            };
            if full {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    fn page_from_records(
        &self,
        query: &ListQuery<'_>,
        listed: Vec<(SessionId, Location)>,
    ) -> Result<Page, CommandError> {
        let LoadedSessions { mut sessions, unreadable } = read_all(self.context.store(), &listed)?;
        let unreadable = unreadable.iter().map(|id| self.unreadable(id)).collect();
        let mut page = Page { unreadable, ..Page::default() };
        sessions.sort_by_cached_key(|(session, _)| (Reverse(last_opened(session).unix_ms), session.id.clone()));
        for (session, archived) in sessions {
            let before =
                query.cursor.is_some_and(|cursor| !cursor.precedes(last_opened(&session).unix_ms, &session.id));
            if !before && page.push(self, query, session, archived) {
                break;
            }
        }
        Ok(page)
    }
}

/// The records that were read.
#[derive(Default)]
struct LoadedSessions {
    /// The sessions, and whether each is archived.
    sessions: Vec<(Box<Session>, bool)>,
    unreadable: Vec<SessionId>,
}

impl LoadedSessions {
    fn push(&mut self, mut session: Session, archived: bool) {
        if session.ended.is_some() {
            // Only a session that has not ended needs its deliveries. For thousands of sessions, they would be half
            // of the memory.
            session.deliveries = Vec::new();
        }
        self.sessions.push((Box::new(session), archived));
    }

    fn read(store: &Store, listed: &[(SessionId, Location)]) -> Result<Self, StoreError> {
        let mut loaded = Self { sessions: Vec::with_capacity(listed.len()), unreadable: Vec::new() };
        for batch in listed.chunks(READ_BATCH) {
            let readings = store
                .read(|view| batch.iter().map(|(id, location)| view.session_at(*location, id)).collect::<Vec<_>>())?;
            for ((id, _), reading) in batch.iter().zip(readings) {
                match reading {
                    Reading::Live(session) => loaded.push(session, false),
                    Reading::Archived(session) => loaded.push(session, true),
                    Reading::Absent | Reading::Deleted => {}
                    Reading::Unreadable => loaded.unreadable.push(id.clone()),
                }
            }
        }
        Ok(loaded)
    }
}

/// Reads these records, using every CPU core.
fn read_all(store: &Store, listed: &[(SessionId, Location)]) -> Result<LoadedSessions, StoreError> {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let loaded = listed.len().div_ceil(threads).max(MIN_SESSIONS_PER_THREAD);
    let (own, others) = listed.split_at_checked(loaded).unwrap_or((listed, &[]));
    thread::scope(|scope| {
        let others: Vec<_> =
            others.chunks(loaded).map(|listed| scope.spawn(move || LoadedSessions::read(store, listed))).collect();
        let mut all = LoadedSessions::read(store, own)?;
        for other in others {
            let mut read = other.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault))?;
            all.sessions.append(&mut read.sessions);
            all.unreadable.append(&mut read.unreadable);
        }
        Ok(all)
    })
}
