//! Changes that the core does not decide: those of a user's command, discovery or retention.

use agent_baton_core::decision::{Change, Location, Record};
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;

use crate::audit::AuditLine;
use crate::audit_action::AuditAction;
use crate::decision_check::{InvalidDecision, MAX_CHANGES, check_session_edit};
use crate::locked_store::LockedStore;
use crate::records::view::View;
use crate::wal::error::CommitError;
use crate::wal::plan::Edit;

/// Session records to write in one commit, and the action that the audit gives as the reason.
///
/// The transaction increments each record's revision and sets its time of writing. Nothing is written before
/// [`Self::commit`], and nothing at all if a record changed since the caller read it. A transaction writes no runs,
/// because only the core decides on those.
pub struct Transaction<'l, 's> {
    locked: &'l mut LockedStore<'s>,
    action: AuditAction,
    at: &'l Timestamp,
    staged: Vec<Staged>,
}

enum Staged {
    Write { before: Option<Session>, change: Change },
    WriteTombstone { before: Session, change: Change },
    Remove(Session),
}

impl<'l, 's> Transaction<'l, 's> {
    /// Begins a transaction with `action` as the reason in the audit.
    pub const fn begin(locked: &'l mut LockedStore<'s>, action: AuditAction, at: &'l Timestamp) -> Self {
        Self { locked, action, at, staged: Vec::new() }
    }

    /// Returns the records as they are before this transaction.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        self.locked.view()
    }

    /// Adds a session that has no record yet.
    pub fn insert_session(&mut self, session: Session, to: Location) {
        let change = self.change(None, session, to);
        self.staged.push(Staged::Write { before: None, change });
    }

    /// Replaces the version of a session that was read, and moves it to `to`.
    pub fn update_session(&mut self, before: Session, session: Session, to: Location) {
        let change = self.change(Some(&before), session, to);
        self.staged.push(Staged::Write { before: Some(before), change });
    }

    /// Writes the tombstone of a deleted session into the trash, and removes its stored messages.
    pub fn write_tombstone(&mut self, before: Session, tombstone: Session) {
        let change = self.change(Some(&before), tombstone, Location::Trash);
        self.staged.push(Staged::WriteTombstone { before, change });
    }

    /// Removes a session permanently from the trash, with its log and its stored messages.
    pub fn remove_session(&mut self, session: Session) {
        self.staged.push(Staged::Remove(session));
    }

    /// Commits all changes or none, and returns the number of changed records. An empty transaction writes nothing.
    ///
    /// # Errors
    /// Returns the errors of [`LockedStore::commit`], and [`CommitError::Moved`] if a record changed since it was read.
    pub fn commit(self) -> Result<usize, CommitError> {
        if self.staged.is_empty() {
            return Ok(0);
        }
        if self.staged.len() > MAX_CHANGES {
            return Err(InvalidDecision::TooMany(self.staged.len()).into());
        }
        for (i, staged) in self.staged.iter().enumerate() {
            staged.check()?;
            let id = staged.edit().id();
            if self.staged.iter().take(i).any(|other| other.edit().id() == id) {
                return Err(InvalidDecision::Twice(id.to_owned()).into());
            }
        }
        let line = AuditLine::from_action(self.locked.next_number(self.at)?, self.at, self.action);
        let edits: Vec<Edit<'_>> = self.staged.iter().map(Staged::edit).collect();
        self.locked.commit_edits(&edits, self.at, line)?;
        Ok(edits.len())
    }

    fn change(&self, before: Option<&Session>, mut session: Session, to: Location) -> Change {
        let before = before.map(|before| before.revision);
        session.revision = before.unwrap_or(0).saturating_add(1);
        session.updated = self.at.clone();
        Change { before, to, record: Record::Session(Box::new(session)) }
    }
}

impl Staged {
    fn check(&self) -> Result<(), InvalidDecision> {
        let (before, change) = match self {
            Self::Write { before, change } => (before.as_ref(), change),
            Self::WriteTombstone { before, change } => (Some(before), change),
            Self::Remove(_) => return Ok(()),
        };
        match &change.record {
            Record::Session(session) => check_session_edit(before, session),
            Record::Run(run) => Err(InvalidDecision::NotInSnapshot(run.id.to_string())),
        }
    }

    fn edit(&self) -> Edit<'_> {
        match self {
            Self::Write { change, .. } => Edit::Write(change),
            Self::WriteTombstone { change, .. } => Edit::WriteTombstone(change),
            Self::Remove(session) => Edit::Remove { id: &session.id, revision: session.revision },
        }
    }
}
