//! One pass over the sessions: what is to be done with which, and doing it.

use std::collections::BTreeMap;

use agent_baton_core::decision::Location;
use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::{Ended, Session};
use agent_baton_core::timestamp::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::policy::{
    EndedSession, ExpiryReason, RetainedBecause, expired, is_expired_by_age, is_expired_in_trash, retained_because,
};
use crate::config::Retention;
use crate::liveness::LivenessCheck;
use baton_store::{CommitError, LockedStore, MAX_CHANGES, RECENT_LOG_BYTES, Store, StoreError, Transaction};

/// What is done with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SweepAction {
    /// It goes from the live ones to the archive.
    Archive,
    /// It goes from the archive to the trash.
    Trash,
    /// It is removed from the trash, for good. Of one that a user deleted, its id stays, so that nothing brings it back.
    Remove,
}

/// One thing to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepStep {
    /// What.
    pub action: SweepAction,
    /// Why.
    pub reason: ExpiryReason,
    /// With which session: its record as it was judged.
    pub session: Session,
    /// Since when it is over.
    pub ended_at: Timestamp,
}

/// What a pass found.
#[derive(Debug, Default)]
pub struct SweepPlan {
    /// What is to be done, in order.
    pub steps: Vec<SweepStep>,
    /// How many of the live ones are spared, by what.
    pub retained: BTreeMap<RetainedBecause, usize>,
    /// Records that cannot be read: they are left as they are, and stop nothing.
    pub unreadable: Vec<StoreError>,
}

/// A look at the sessions at one moment.
pub struct Sweep<'a> {
    /// The state.
    pub store: &'a Store,
    /// The machine.
    pub census: &'a LivenessCheck<'a>,
    /// What is kept.
    pub policy: &'a Retention,
    /// The moment.
    pub now: Timestamp,
}

impl Sweep<'_> {
    /// Judges every session there is.
    ///
    /// # Errors
    /// Where the state cannot be listed.
    pub fn plan(&self) -> Result<SweepPlan, StoreError> {
        let mut found = SweepPlan::default();
        self.plan_live(&self.store.sessions(Location::Live)?, &mut found)?;
        self.plan_archived(&self.store.sessions(Location::Archive)?, &mut found)?;
        self.plan_trashed(&self.store.sessions(Location::Trash)?, &mut found)?;
        Ok(found)
    }

    /// Judges these of the live ones, as if they were all: of any part of them, what is behind the newest so many is so of all.
    pub(super) fn plan_live(&self, ids: &[SessionId], found: &mut SweepPlan) -> Result<(), StoreError> {
        let mut over = Vec::new();
        for id in ids {
            let Some(session) = self.read(id, Location::Live, found)? else { continue };
            let live = self.census.session(&session).live;
            match retained_because(&session, live, &self.now, self.policy) {
                Some(by) => *found.retained.entry(by).or_default() += 1,
                None => over.push(EndedSession { ended_at: self.ended_at(&session)?, session }),
            }
        }
        let steps = expired(over, &self.now, self.policy).into_iter();
        found.steps.extend(steps.map(|(over, why)| SweepStep {
            action: SweepAction::Archive,
            reason: why,
            session: over.session,
            ended_at: over.ended_at,
        }));
        Ok(())
    }

    /// Judges these of the archive.
    pub(super) fn plan_archived(&self, ids: &[SessionId], found: &mut SweepPlan) -> Result<(), StoreError> {
        for id in ids {
            let Some(session) = self.read(id, Location::Archive, found)? else { continue };
            // A damaged or foreign state may hold one here that is not over.
            if retained_because(&session, self.census.session(&session).live, &self.now, self.policy).is_some() {
                continue;
            }
            let ended_at = session.ended.as_ref().map_or(&session.updated, |over| &over.at).clone();
            let over = EndedSession { session, ended_at };
            if is_expired_by_age(&over, &self.now, self.policy) {
                found.steps.push(SweepStep {
                    action: SweepAction::Trash,
                    reason: ExpiryReason::TimeSpan,
                    session: over.session,
                    ended_at: over.ended_at,
                });
            }
        }
        Ok(())
    }

    /// Judges these of the trash.
    pub(super) fn plan_trashed(&self, ids: &[SessionId], found: &mut SweepPlan) -> Result<(), StoreError> {
        for id in ids {
            let Some(session) = self.read(id, Location::Trash, found)? else { continue };
            // What was said may have outlived the rest, where a call was cut off.
            let is_more = !is_tombstone(&session) || self.store.has_conversation(id)?;
            if is_expired_in_trash(&session, &self.now, self.policy) && is_more {
                let ended_at = session.updated.clone();
                found.steps.push(SweepStep {
                    action: SweepAction::Remove,
                    reason: ExpiryReason::TrashAge,
                    session,
                    ended_at,
                });
            }
        }
        Ok(())
    }

    /// Does these steps, each in a commit that says why, and gives how many. What changed since it was judged is left.
    ///
    /// # Errors
    /// Where a commit fails; what was done before it stays done.
    pub fn apply(&self, locked: &mut LockedStore<'_>, steps: &[SweepStep]) -> Result<usize, CommitError> {
        let mut done = 0;
        let mut left = steps;
        while let Some(first) = left.first() {
            let alike =
                left.iter().take_while(|step| (step.action, step.reason) == (first.action, first.reason)).count();
            let (batch, rest) = left.split_at_checked(alike.min(MAX_CHANGES)).unwrap_or((left, &[]));
            done += self.commit_batch(locked, first.reason, batch)?;
            left = rest;
        }
        Ok(done)
    }

    fn commit_batch(
        &self,
        locked: &mut LockedStore<'_>,
        reason: ExpiryReason,
        steps: &[SweepStep],
    ) -> Result<usize, CommitError> {
        let mut transaction = Transaction::begin(locked, reason.audit_action(), &self.now);
        for step in steps {
            let found = transaction.view().find_session(&step.session.id)?;
            if found.is_some_and(|(location, session)| location == step.location() && session == step.session) {
                step.stage(&mut transaction);
            }
        }
        transaction.commit()
    }

    fn read(&self, id: &SessionId, on: Location, found: &mut SweepPlan) -> Result<Option<Session>, StoreError> {
        match self.store.read(|view| view.find_session(id))? {
            Ok(Some((location, session))) if location == on => Ok(Some(session)),
            Ok(_) => Ok(None),
            Err(error) => {
                found.unreadable.push(error);
                Ok(None)
            }
        }
    }

    /// Since when a session is over. One whose process is gone without a word was alive at its last heartbeat, which its log has.
    fn ended_at(&self, session: &Session) -> Result<Timestamp, StoreError> {
        if let Some(over) = &session.ended {
            return Ok(over.at.clone());
        }
        let tail = self.store.tail(&session.id, RECENT_LOG_BYTES)?;
        let beat = tail.beats().last().map(|beat| &beat.at).filter(|at| at.is_after(&session.updated));
        Ok(beat.unwrap_or(&session.updated).clone())
    }
}

impl SweepStep {
    /// Where the session stands.
    const fn location(&self) -> Location {
        match self.action {
            SweepAction::Archive => Location::Live,
            SweepAction::Trash => Location::Archive,
            SweepAction::Remove => Location::Trash,
        }
    }

    /// Adds it to a transaction. In the trash, a tombstone stays of what a user deleted, and nothing of what expired.
    fn stage(&self, transaction: &mut Transaction<'_, '_>) {
        let before = self.session.clone();
        let to = match self.action {
            SweepAction::Archive => Location::Archive,
            SweepAction::Trash => Location::Trash,
            SweepAction::Remove if is_deleted(&before) => {
                return transaction.write_tombstone(before, tombstone(&self.session));
            }
            SweepAction::Remove => return transaction.remove_session(before),
        };
        let mut session = before.clone();
        session.ended.get_or_insert_with(|| Ended { at: self.ended_at.clone(), reason: Reason::Expired });
        transaction.update_session(before, session, to);
    }
}

fn is_deleted(session: &Session) -> bool {
    session.ended.as_ref().is_some_and(|over| over.reason == Reason::Deleted)
}

/// Whether only the tombstone is left.
fn is_tombstone(session: &Session) -> bool {
    is_deleted(session) && *session == tombstone(session)
}

/// What stays of a session that a user deleted.
fn tombstone(session: &Session) -> Session {
    Session {
        project: None,
        cwd: None,
        transcript: None,
        launches: Vec::new(),
        deliveries: Vec::new(),
        name: None,
        ..session.clone()
    }
}
