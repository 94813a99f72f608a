//! A sweep plans what happens to each session, and does it.

use std::collections::{BTreeMap, BTreeSet};

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
use crate::config::{Retention, TimeSpan};
use crate::liveness::LivenessCheck;
use baton_catalogue::{Catalogue, Kind};
use baton_store::{CommitError, LockedStore, MAX_CHANGES, RECENT_LOG_BYTES, Store, StoreError, Transaction};

/// What happens to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SweepAction {
    /// It moves from the live sessions to the archive.
    Archive,
    /// It moves from the archive to the trash.
    Trash,
    /// It is removed from the trash for good. The id of a session that a user deleted stays, so that no event brings
    /// it back.
    Remove,
}

/// One step of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepStep {
    /// The action.
    pub action: SweepAction,
    /// The reason.
    pub reason: ExpiryReason,
    /// The record of the session, as it was judged.
    pub session: Session,
    /// When the session ended.
    pub ended_at: Timestamp,
}

/// The plan of a sweep.
#[derive(Debug, Default)]
pub struct SweepPlan {
    /// The steps, in order.
    pub steps: Vec<SweepStep>,
    /// How many live sessions are kept, by reason.
    pub retained: BTreeMap<RetainedBecause, usize>,
    /// Records that cannot be read. They are left unchanged and do not stop the sweep.
    pub unreadable: Vec<StoreError>,
}

/// A sweep over the sessions at one moment.
pub struct Sweep<'a> {
    /// The state.
    pub store: &'a Store,
    /// Determines which sessions are alive.
    pub liveness: &'a LivenessCheck<'a>,
    /// The retention limits.
    pub policy: &'a Retention,
    /// The current time.
    pub now: Timestamp,
}

impl Sweep<'_> {
    /// Plans the steps for all sessions. The catalogue names those that may have expired in the archive and the trash.
    ///
    /// # Errors
    /// Returns an error if the state cannot be listed.
    pub fn plan(&self, catalogue: &Catalogue) -> Result<SweepPlan, StoreError> {
        let mut found = SweepPlan::default();
        let older_than = |kind, age: TimeSpan| -> Result<Vec<SessionId>, StoreError> {
            let ids = catalogue.older_than(kind, self.now.unix_ms.saturating_sub(age.ms()))?;
            Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
        };
        self.plan_live(&self.store.sessions(Location::Live)?, &mut found)?;
        self.plan_archived(&older_than(Kind::Archived, self.policy.age)?, &mut found)?;
        self.plan_trashed(&older_than(Kind::Trashed, self.policy.trash)?, &mut found)?;
        // A record that cannot be read may be in any location.
        let mut seen = BTreeSet::new();
        found.unreadable.retain(|error| error.path().is_none_or(|path| seen.insert(path.to_owned())));
        Ok(found)
    }

    /// Plans the steps for some of the live sessions as if there were no others. A session that is beyond the
    /// configured number among a part is also beyond it among all.
    pub(super) fn plan_live(&self, ids: &[SessionId], found: &mut SweepPlan) -> Result<(), StoreError> {
        let mut over = Vec::new();
        for id in ids {
            let Some(session) = self.read(id, Location::Live, found)? else { continue };
            let live = self.liveness.session(&session).live;
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

    /// Plans the steps for these archived sessions.
    pub(super) fn plan_archived(&self, ids: &[SessionId], found: &mut SweepPlan) -> Result<(), StoreError> {
        for id in ids {
            let Some(session) = self.read(id, Location::Archive, found)? else { continue };
            // In a damaged or foreign state, the archive may hold a session that has not ended.
            if retained_because(&session, self.liveness.session(&session).live, &self.now, self.policy).is_some() {
                continue;
            }
            let ended_at = session.ended.as_ref().map_or(&session.updated, |over| &over.at).clone();
            let over = EndedSession { session, ended_at };
            if is_expired_by_age(&over, &self.now, self.policy) {
                found.steps.push(SweepStep {
                    action: SweepAction::Trash,
                    reason: ExpiryReason::Age,
                    session: over.session,
                    ended_at: over.ended_at,
                });
            }
        }
        Ok(())
    }

    /// Plans the steps for these sessions in the trash.
    pub(super) fn plan_trashed(&self, ids: &[SessionId], found: &mut SweepPlan) -> Result<(), StoreError> {
        for id in ids {
            let Some(session) = self.read(id, Location::Trash, found)? else { continue };
            // If an earlier call was cut off, messages may be left although the rest is gone.
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

    /// Carries out these steps, each in a commit that records its reason. Returns how many were done. A session whose
    /// record changed since it was judged is skipped.
    ///
    /// # Errors
    /// Returns an error if a commit fails. Earlier steps stay done.
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

    /// Returns when a session ended. If its process disappeared without an end, that is its last heartbeat, which is
    /// in its log.
    fn ended_at(&self, session: &Session) -> Result<Timestamp, StoreError> {
        if let Some(over) = &session.ended {
            return Ok(over.at.clone());
        }
        let tail = self.store.tail(&session.id, RECENT_LOG_BYTES)?;
        let beat = tail.beats().last().map(|beat| &beat.at).filter(|at| at.is_after(&session.updated, &self.now));
        Ok(beat.unwrap_or(&session.updated).clone())
    }
}

impl SweepStep {
    /// Returns the location of the session before this step.
    const fn location(&self) -> Location {
        match self.action {
            SweepAction::Archive => Location::Live,
            SweepAction::Trash => Location::Archive,
            SweepAction::Remove => Location::Trash,
        }
    }

    /// Adds the step to a transaction. When a session is removed from the trash, a tombstone stays if a user deleted
    /// it, and nothing stays if it expired.
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

/// Returns whether only the tombstone is left.
fn is_tombstone(session: &Session) -> bool {
    is_deleted(session) && *session == tombstone(session)
}

/// Returns what remains of a session that a user deleted.
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
