//! The sessions as a person asks for them: which, in which order, and where each stands.

use std::thread;

use agent_baton_core::decision::Shelf;
use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::status::{Standing, Status, standing};
use crate::store::{Listed, RECENT, Roll, Store, StoreError, Tail, opened};

/// How many sessions a thread reads at least: starting one costs as much as reading some of them.
const SHARE: usize = 500;

/// A session, and where it stands.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The session.
    pub session: Session,
    /// Whether its record is in the archive.
    pub archived: bool,
    /// Whether each of its launches lives, in their order.
    pub lives: Vec<Live>,
    /// Where it stands.
    pub standing: Standing,
}

impl Seen {
    /// The pane of that launch.
    #[must_use]
    pub fn pane(&self) -> Option<&Pane> {
        self.newest().map(|launch| &launch.pane)
    }

    /// The newest launch that lives; where none does, the newest.
    #[must_use]
    pub fn newest(&self) -> Option<&Launch> {
        let launches = || self.session.launches.iter().zip(&self.lives);
        let newest = |living: bool| {
            let launches = launches().filter(|(_, live)| !living || **live == Live::Yes).map(|(launch, _)| launch);
            launches.max_by_key(|launch| launch.started.unix_ms)
        };
        newest(true).or_else(|| newest(false))
    }
}

/// What there is now: the sessions that are not over, and the unfinished runs.
pub struct SeenAll {
    /// The sessions, the one opened last first.
    pub sessions: Vec<Seen>,
    /// The runs, and whether the owner of each lives.
    pub runs: Vec<(Run, Live)>,
    /// The records that cannot be read.
    pub unreadable: Vec<(String, Option<StoreError>)>,
}

impl SeenAll {
    /// Looks at all of it, and at nothing else.
    ///
    /// # Errors
    /// When the state cannot be listed.
    pub fn now(context: &Context) -> Result<Self, CommandError> {
        let Page { sessions, unreadable, .. } = not_over(context)?;
        let mut seen = Self { sessions, runs: Vec::new(), unreadable: Vec::new() };
        seen.unreadable.extend(unreadable.into_iter().map(|(id, why)| (id.to_string(), why)));
        for id in context.store().runs(Shelf::Live)? {
            match context.store().read(|view| view.run(&id))? {
                Reading::Live(run) => {
                    let live = seen.owner_lives(context, &run);
                    seen.runs.push((run, live));
                }
                Reading::Unreadable => {
                    let why = context.store().read(|view| view.why_run(&id)).ok().flatten();
                    seen.unreadable.push((id.to_string(), why));
                }
                Reading::Archived(_) | Reading::Absent | Reading::Deleted => {}
            }
        }
        seen.runs.sort_by(|(a, _), (b, _)| b.created.unix_ms.cmp(&a.created.unix_ms).then_with(|| a.id.cmp(&b.id)));
        Ok(seen)
    }

    /// The sessions that can be brought back. Nobody misses a headless one.
    pub fn lost(&self) -> impl Iterator<Item = &Seen> {
        self.sessions.iter().filter(|it| it.standing.status == Status::Lost && !it.session.headless)
    }

    /// By what was seen of its session, where that is not over.
    fn owner_lives(&self, context: &Context, run: &Run) -> Live {
        let Some(seen) = self.sessions.iter().find(|it| run.owner.session.as_ref() == Some(&it.session.id)) else {
            return context.owner_lives(run);
        };
        let launches = seen.session.launches.iter().zip(&seen.lives);
        let owner = launches.into_iter().find(|(launch, _)| launch.process == run.owner.process);
        owner.map_or(Live::Unknown, |(_, live)| *live)
    }
}

/// Where a page of a list ends: the moment at which its last session was opened, in milliseconds since 1970, and that session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    at: u64,
    id: SessionId,
}

/// Why a text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor is what the page before ended with, as in 1700000000000-ID")]
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
    fn of(session: &Session) -> Self {
        Self { at: opened(session).unix_ms, id: session.id.clone() }
    }

    /// Whether a session comes after the page: opened before; of two opened in one moment the one with the greater id.
    fn precedes(&self, at: u64, id: &SessionId) -> bool {
        (at, &self.id) < (self.at, id)
    }
}

/// What of the sessions is asked for.
pub struct Query<'a> {
    /// Headless and superseded ones too.
    pub all: bool,
    /// How many at most.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<&'a Cursor>,
    /// Which of them.
    pub fits: &'a dyn Fn(&Seen) -> bool,
}

/// A page of sessions, the one opened last first.
#[derive(Default)]
pub struct Page {
    /// The sessions.
    pub sessions: Vec<Seen>,
    /// Where the next page goes on; none at the end.
    pub next: Option<Cursor>,
    /// The records that cannot be read, as far as they were come across.
    pub unreadable: Vec<(SessionId, Option<StoreError>)>,
}

impl Page {
    /// Takes a session; answers whether the page is full.
    fn take(&mut self, context: &Context, query: &Query<'_>, session: Session, archived: bool) -> bool {
        let hidden = session.headless || session.over.as_ref().is_some_and(|end| end.reason == Reason::Superseded);
        if hidden && !query.all {
            return false;
        }
        let seen = see(context, session, archived);
        if !(query.fits)(&seen) {
            return false;
        }
        if self.sessions.len() == query.limit {
            self.next = self.sessions.last().map(|last| Cursor::of(&last.session));
            return true;
        }
        self.sessions.push(seen);
        false
    }
}

/// Looks at a session.
#[must_use]
pub fn see(context: &Context, session: Session, archived: bool) -> Seen {
    let lives = context.launch_lives(&session);
    // What is over says so itself.
    let log = if session.over.is_some() { Tail::default() } else { log(context, &session.id) };
    let standing = standing(&session, &lives, &log);
    Seen { session, archived, lives, standing }
}

fn log(context: &Context, id: &SessionId) -> Tail {
    // A log that cannot be read shows the session as its record has it.
    context.store().tail(id, RECENT).unwrap_or_default()
}

/// One page of the sessions.
///
/// The newest are found by the roll. Only what it cannot answer reads every record.
///
/// # Errors
/// When the state cannot be listed.
pub fn page(context: &Context, query: &Query<'_>) -> Result<Page, CommandError> {
    match from_roll(context, query)? {
        Some(page) => Ok(page),
        None => from_records(context, &context.store().sessions_beginning("")?, query),
    }
}

/// The sessions that are not over, the one opened last first, and those whose records cannot be read.
///
/// # Errors
/// When the state cannot be listed.
pub fn not_over(context: &Context) -> Result<Page, CommandError> {
    let Some(roll) = roll(context.store())?.filter(|roll| !roll.crowded) else {
        let fits = |seen: &Seen| seen.session.over.is_none() && !seen.archived;
        // What is in the archive is over: the live records are bounded by what is kept of them.
        let live = context.store().sessions(Shelf::Live)?;
        return from_records(context, &live, &Query { all: true, limit: usize::MAX, cursor: None, fits: &fits });
    };
    let mut page = Page::default();
    for listed in roll.sessions.iter().rev().filter(|listed| !listed.over) {
        match read(context.store(), &listed.id)? {
            Reading::Live(session) if session.over.is_none() => page.sessions.push(see(context, session, false)),
            Reading::Unreadable => page.unreadable.push(named(context.store(), &listed.id)),
            _ => {}
        }
    }
    Ok(page)
}

fn roll(store: &Store) -> Result<Option<Roll>, StoreError> {
    match store.read(|view| view.roll())? {
        Ok(roll) => Ok(Some(roll)),
        Err(StoreError::Unindexed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// None where the roll does not go back far enough.
fn from_roll(context: &Context, query: &Query<'_>) -> Result<Option<Page>, CommandError> {
    let Some(roll) = roll(context.store())?.filter(|roll| !roll.partial) else { return Ok(None) };
    let mut listed: Vec<&Listed> = roll.sessions.iter().filter(|listed| listed.at > roll.floor).collect();
    listed.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    let mut page = Page::default();
    for listed in listed {
        let before = query.cursor.is_some_and(|cursor| !cursor.precedes(listed.at, &listed.id));
        if before || (listed.headless && !query.all) {
            continue;
        }
        let full = match read(context.store(), &listed.id)? {
            Reading::Live(session) => page.take(context, query, session, false),
            Reading::Archived(session) => page.take(context, query, session, true),
            Reading::Absent | Reading::Deleted => false,
            Reading::Unreadable => {
                page.unreadable.push(named(context.store(), &listed.id));
                false
            }
        };
        if full {
            return Ok(Some(page));
        }
    }
    Ok(None)
}

/// From the records of these sessions.
fn from_records(context: &Context, ids: &[SessionId], query: &Query<'_>) -> Result<Page, CommandError> {
    let store = context.store();
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = ids.len().div_ceil(threads).max(SHARE);
    let read_all = |ids: &[SessionId]| -> Result<Vec<(SessionId, Reading<Session>)>, StoreError> {
        ids.iter().map(|id| Ok((id.clone(), read(store, id)?))).collect()
    };
    let mut read = Vec::with_capacity(ids.len());
    thread::scope(|scope| {
        let parts: Vec<_> = ids.chunks(share).map(|ids| scope.spawn(move || read_all(ids))).collect();
        for part in parts {
            read.extend(part.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault))?);
        }
        Ok::<(), StoreError>(())
    })?;
    let mut page = Page::default();
    let mut sessions = Vec::with_capacity(read.len());
    for (id, reading) in read {
        match reading {
            Reading::Live(session) => sessions.push((session, false)),
            Reading::Archived(session) => sessions.push((session, true)),
            Reading::Absent | Reading::Deleted => {}
            Reading::Unreadable => page.unreadable.push(named(store, &id)),
        }
    }
    sessions.sort_by(|(a, _), (b, _)| opened(b).unix_ms.cmp(&opened(a).unix_ms).then_with(|| a.id.cmp(&b.id)));
    for (session, archived) in sessions {
        let before = query.cursor.is_some_and(|cursor| !cursor.precedes(opened(&session).unix_ms, &session.id));
        if !before && page.take(context, query, session, archived) {
            break;
        }
    }
    Ok(page)
}

fn read(store: &Store, id: &SessionId) -> Result<Reading<Session>, StoreError> {
    store.read(|view| view.session(id))
}

fn named(store: &Store, id: &SessionId) -> (SessionId, Option<StoreError>) {
    (id.clone(), store.read(|view| view.why_session(id)).ok().flatten())
}
