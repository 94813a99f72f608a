//! One pass over the sessions: what is to be done with which, and doing it.

use std::collections::BTreeMap;

use agent_baton_core::decision::{Change, Record, Shelf};
use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Named, Reading, Snapshot};
use agent_baton_core::session::{End, Session};
use agent_baton_core::stamp::Stamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::rule::{Over, Spared, Why, expired, is_old, leaves_trash, spared};
use crate::census::Census;
use crate::config::Retention;
use crate::machine::Machine;
use crate::machine::environment::Environment;
use crate::store::{Checked, CommitError, Locked, MAX_CHANGES, RECENT, Store, StoreError};

/// What is done with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// It goes from the live ones to the archive.
    Archive,
    /// It goes from the archive to the trash.
    Trash,
    /// It is removed from the trash, for good. Of one that a person deleted, its id stays, so that nothing brings it back.
    Remove,
}

/// One thing to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What.
    pub act: Act,
    /// Why.
    pub why: Why,
    /// With which session: its record as it was judged.
    pub session: Session,
    /// Since when it is over.
    pub since: Stamp,
}

/// What a pass found.
#[derive(Debug, Default)]
pub struct Found {
    /// What is to be done, in order.
    pub steps: Vec<Step>,
    /// How many of the live ones are spared, by what.
    pub spared: BTreeMap<Spared, usize>,
    /// Records that cannot be read: they are left as they are, and stop nothing.
    pub unreadable: Vec<StoreError>,
}

/// A look at the sessions at one moment.
pub struct Pass<'a, M, E> {
    /// The state.
    pub store: &'a Store,
    /// The machine.
    pub census: &'a Census<'a, M, E>,
    /// What is kept.
    pub kept: &'a Retention,
    /// The moment.
    pub now: Stamp,
}

impl<M: Machine, E: Environment> Pass<'_, M, E> {
    /// Judges every session there is.
    ///
    /// # Errors
    /// Where the state cannot be listed.
    pub fn whole(&self) -> Result<Found, StoreError> {
        let mut found = Found::default();
        self.live(&self.store.sessions(Shelf::Live)?, &mut found)?;
        self.archived(&self.store.sessions(Shelf::Archive)?, &mut found)?;
        self.trashed(&self.store.sessions(Shelf::Trash)?, &mut found)?;
        Ok(found)
    }

    /// Judges these of the live ones, as if they were all: of any part of them, what is behind the newest so many is so of all.
    pub(super) fn live(&self, ids: &[SessionId], found: &mut Found) -> Result<(), StoreError> {
        let mut over = Vec::new();
        for id in ids {
            let Some(session) = self.read(id, Shelf::Live, found)? else { continue };
            let live = self.census.session(&session).live;
            match spared(&session, live, &self.now, self.kept) {
                Some(by) => *found.spared.entry(by).or_default() += 1,
                None => over.push(Over { since: self.since(&session)?, session }),
            }
        }
        let steps = expired(over, &self.now, self.kept).into_iter();
        found.steps.extend(steps.map(|(over, why)| Step {
            act: Act::Archive,
            why,
            session: over.session,
            since: over.since,
        }));
        Ok(())
    }

    /// Judges these of the archive.
    pub(super) fn archived(&self, ids: &[SessionId], found: &mut Found) -> Result<(), StoreError> {
        for id in ids {
            let Some(session) = self.read(id, Shelf::Archive, found)? else { continue };
            // A damaged or foreign state may hold one here that is not over.
            if spared(&session, self.census.session(&session).live, &self.now, self.kept).is_some() {
                continue;
            }
            let since = session.over.as_ref().map_or(&session.updated, |over| &over.at).clone();
            let over = Over { session, since };
            if is_old(&over, &self.now, self.kept) {
                found.steps.push(Step { act: Act::Trash, why: Why::Age, session: over.session, since: over.since });
            }
        }
        Ok(())
    }

    /// Judges these of the trash.
    pub(super) fn trashed(&self, ids: &[SessionId], found: &mut Found) -> Result<(), StoreError> {
        for id in ids {
            let Some(session) = self.read(id, Shelf::Trash, found)? else { continue };
            // What was said may have outlived the rest, where a call was cut off.
            let is_more = !is_tombstone(&session) || self.store.has_conversation(id)?;
            if leaves_trash(&session, &self.now, self.kept) && is_more {
                let since = session.updated.clone();
                found.steps.push(Step { act: Act::Remove, why: Why::TrashAge, session, since });
            }
        }
        Ok(())
    }

    /// Does these steps, each in a commit that says why, and gives how many. What changed since it was judged is left.
    ///
    /// # Errors
    /// Where a commit fails; what was done before it stays done.
    pub fn take(&self, locked: &mut Locked<'_>, steps: &[Step]) -> Result<usize, CommitError> {
        let mut done = 0;
        let mut left = steps;
        while let Some(first) = left.first() {
            let alike = left.iter().take_while(|step| (step.act, step.why) == (first.act, first.why)).count();
            let (batch, rest) = left.split_at_checked(alike.min(MAX_CHANGES)).unwrap_or((left, &[]));
            done += self.commit(locked, first.why, batch)?;
            left = rest;
        }
        Ok(done)
    }

    fn commit(&self, locked: &mut Locked<'_>, why: Why, steps: &[Step]) -> Result<usize, CommitError> {
        let mut standing = Vec::new();
        for step in steps {
            let found = locked.view().shelved(&step.session.id)?;
            standing.extend(
                found.filter(|(shelf, session)| *shelf == step.from() && *session == step.session).map(|_| step),
            );
        }
        let (gone, kept): (Vec<&Step>, Vec<&Step>) = standing.into_iter().partition(|step| step.leaves_nothing());
        let changes: Vec<Change> = kept.iter().map(|step| step.change(&self.now)).collect();
        let neighbours = kept
            .iter()
            .map(|step| Named { id: step.session.id.to_string(), reading: Reading::Archived(step.session.clone()) });
        let snapshot = Snapshot { neighbours: neighbours.collect(), ..Snapshot::default() };
        if !changes.is_empty() {
            let checked = Checked::by_person(why.word(), &self.now, &snapshot, &changes)?;
            locked.commit(&checked)?;
            for step in kept.iter().filter(|step| step.act == Act::Remove) {
                locked.remove_conversation(&step.session.id)?;
            }
        }
        if !gone.is_empty() {
            let gone: Vec<_> = gone.iter().map(|step| (step.session.id.clone(), step.session.revision)).collect();
            locked.remove_trashed(why.word(), &self.now, &gone)?;
            return Ok(changes.len() + gone.len());
        }
        Ok(changes.len())
    }

    fn read(&self, id: &SessionId, on: Shelf, found: &mut Found) -> Result<Option<Session>, StoreError> {
        match self.store.read(|view| view.shelved(id))? {
            Ok(Some((shelf, session))) if shelf == on => Ok(Some(session)),
            Ok(_) => Ok(None),
            Err(error) => {
                found.unreadable.push(error);
                Ok(None)
            }
        }
    }

    /// Since when a session is over. One whose process is gone without a word was alive at its last sign of life, which its log has.
    fn since(&self, session: &Session) -> Result<Stamp, StoreError> {
        if let Some(over) = &session.over {
            return Ok(over.at.clone());
        }
        let tail = self.store.tail(&session.id, RECENT)?;
        let beat = tail.beats().last().map(|beat| &beat.at).filter(|at| at.is_after(&session.updated));
        Ok(beat.unwrap_or(&session.updated).clone())
    }
}

impl Step {
    /// Where the session stands.
    const fn from(&self) -> Shelf {
        match self.act {
            Act::Archive => Shelf::Live,
            Act::Trash => Shelf::Archive,
            Act::Remove => Shelf::Trash,
        }
    }

    /// Whether nothing is left of the session.
    fn leaves_nothing(&self) -> bool {
        self.act == Act::Remove && !is_deleted(&self.session)
    }

    fn change(&self, now: &Stamp) -> Change {
        let before = self.session.revision;
        let mut session = match self.act {
            Act::Remove => tombstone(&self.session),
            Act::Archive | Act::Trash => self.session.clone(),
        };
        session.over.get_or_insert_with(|| End { at: self.since.clone(), reason: Reason::Expired });
        session.revision = before.saturating_add(1);
        session.updated = now.clone();
        let to = if self.act == Act::Archive { Shelf::Archive } else { Shelf::Trash };
        Change { before: Some(before), to, record: Record::Session(Box::new(session)) }
    }
}

fn is_deleted(session: &Session) -> bool {
    session.over.as_ref().is_some_and(|over| over.reason == Reason::Deleted)
}

/// Whether only the tombstone is left.
fn is_tombstone(session: &Session) -> bool {
    is_deleted(session) && *session == tombstone(session)
}

/// What stays of a session that a person deleted.
fn tombstone(session: &Session) -> Session {
    Session {
        project: None,
        cwd: None,
        transcript: None,
        launches: Vec::new(),
        offered: Vec::new(),
        deliveries: Vec::new(),
        untold: None,
        name: None,
        extra: serde_json::Map::new(),
        ..session.clone()
    }
}
