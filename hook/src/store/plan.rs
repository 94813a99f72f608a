//! From changes of records to the files of a commit: the records, and the index that follows from them.

use std::collections::BTreeMap;

use agent_baton_core::decision::{Change, Record, Shelf};
use agent_baton_core::id::SessionId;
use agent_baton_core::stamp::Stamp;
use serde_json::Value;

use super::audit::{AuditChange, AuditLine};
use super::commit::Commit;
use super::error::StoreError;
use super::file::{self, MAX_RECORD};
use super::journal::{Entry, Journal, Version};
use super::layout::{Hash, Layout, Target};
use super::links::{self, Id, Key, Links};
use super::locked::CommitError;
use super::record;
use super::roll::{Listed, Roll};
use super::unknown;

/// A record as it stands under the lock.
struct Found {
    raw: Value,
    record: Record,
}

/// The files of a commit.
#[derive(Default)]
pub(super) struct Plan {
    entries: Vec<Entry>,
    versions: Vec<Option<Vec<u8>>>,
    audit: Vec<AuditChange>,
    links: BTreeMap<Key, (Option<u64>, Links)>,
    roll: Option<(u64, Roll)>,
}

impl Plan {
    /// Plans a commit of `changes`. Must be called under the lock, with no commit in flight.
    pub(super) fn of(layout: &Layout, changes: &[Change]) -> Result<Self, CommitError> {
        let mut plan = Self::default();
        for change in changes {
            plan.change(layout, change)?;
        }
        for (key, (before, links)) in std::mem::take(&mut plan.links) {
            let after = (!links.is_empty()).then_some(&links);
            if before.is_some() || after.is_some() {
                let bytes = after.map(to_bytes).transpose()?;
                plan.push(key.target(), before, bytes.map(|bytes| (links.revision, bytes)));
            }
        }
        if let Some((before, roll)) = plan.roll.take() {
            let bytes = to_bytes(&roll)?;
            plan.push(Target::Roll, Some(before), Some((roll.revision, bytes)));
        }
        Ok(plan)
    }

    /// The commit, with its audit line.
    pub(super) fn commit(self, machine: &str, at: &Stamp, mut line: AuditLine) -> Result<Commit, StoreError> {
        line.changes = self.audit;
        let audit = line.n;
        Ok(Commit {
            journal: Journal {
                machine: machine.to_owned(),
                at: at.clone(),
                entries: self.entries,
                audit,
                line: line.into_json().map_err(not_json)?,
            },
            versions: self.versions,
        })
    }

    fn push(&mut self, target: Target, before: Option<u64>, after: Option<(u64, Vec<u8>)>) {
        let version = after.as_ref().map(|(revision, bytes)| Version { revision: *revision, hash: Hash::of(bytes) });
        self.entries.push(Entry { target, before, after: version });
        self.versions.push(after.map(|(_, bytes)| bytes));
    }

    fn change(&mut self, layout: &Layout, change: &Change) -> Result<(), CommitError> {
        let id = Id::of(&change.record);
        let mut standing = Vec::new();
        for shelf in record::shelves(&id) {
            standing.extend(find(layout, *shelf, &id)?.map(|found| (*shelf, found)));
        }
        // Where a foreign or damaged state has several, the first counts, as it does for every reader.
        let present = standing.first().map(|(_, found)| found);
        let found = present.map(|found| found.record.revision());
        if found != change.before {
            return Err(CommitError::Moved { id: change.record.id().to_owned(), decided: change.before, found });
        }
        let bytes = new_version(&change.record, present)?;
        if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_RECORD) {
            return Err(CommitError::TooLarge { id: change.record.id().to_owned(), bytes: bytes.len() });
        }
        let after = Some((change.record.revision(), bytes));
        let revision = |found: &Found| Some(found.record.revision());
        let stays = standing.iter().find(|(shelf, _)| *shelf == change.to).and_then(|(_, found)| revision(found));
        self.push(record::target(change.to, &id), stays, after);
        for (shelf, found) in standing.iter().filter(|(shelf, _)| *shelf != change.to) {
            self.push(record::target(*shelf, &id), revision(found), None);
        }
        let before = standing.first().map(|(shelf, found)| (&found.record, *shelf));
        for (key, belongs) in links::delta(before, (&change.record, change.to)) {
            self.link(layout, key, &id, belongs)?;
        }
        let listed = Listed::of(&change.record, change.to);
        if let Id::Session(session) = &id
            && listed != before.and_then(|(record, shelf)| Listed::of(record, shelf))
        {
            self.list(layout, session, listed)?;
        }
        self.audit.push(AuditChange {
            kind: match &change.record {
                Record::Session(_) => "session".to_owned(),
                Record::Run(_) => "run".to_owned(),
            },
            id: change.record.id().to_owned(),
            to: change.to,
            before: change.before,
            after: change.record.revision(),
            removed: false,
        });
        Ok(())
    }

    /// Plans the removal of sessions from the trash, for good. Those that are at another revision by now are left.
    pub(super) fn of_removal(layout: &Layout, sessions: &[(SessionId, u64)]) -> Result<Self, StoreError> {
        let mut plan = Self::default();
        for (session, revision) in sessions {
            let id = Id::Session(session.clone());
            let Some(found) = find(layout, Shelf::Trash, &id)?.filter(|found| found.record.revision() == *revision)
            else {
                continue;
            };
            plan.push(record::target(Shelf::Trash, &id), Some(found.record.revision()), None);
            plan.audit.push(AuditChange {
                kind: "session".to_owned(),
                id: session.to_string(),
                to: Shelf::Trash,
                before: Some(*revision),
                after: *revision,
                removed: true,
            });
        }
        Ok(plan)
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn list(&mut self, layout: &Layout, id: &SessionId, listed: Option<Listed>) -> Result<(), StoreError> {
        let (before, mut roll) = match self.roll.take() {
            Some(planned) => planned,
            None => {
                let found = Roll::read(layout)?;
                let before = found.revision;
                (before, Roll { revision: before.saturating_add(1), ..found })
            }
        };
        roll.set(id, listed);
        self.roll = Some((before, roll));
        Ok(())
    }

    fn link(&mut self, layout: &Layout, key: Key, id: &Id, belongs: bool) -> Result<(), StoreError> {
        if !self.links.contains_key(&key) {
            let found = Links::read(layout, &key)?;
            let before = found.as_ref().map(|links| links.revision);
            let mut links = found.unwrap_or_else(|| Links::new(&key));
            links.revision = links.revision.saturating_add(1);
            self.links.insert(key.clone(), (before, links));
        }
        if let Some((_, links)) = self.links.get_mut(&key) {
            links.set(id, belongs, &key);
        }
        Ok(())
    }
}

fn find(layout: &Layout, shelf: Shelf, id: &Id) -> Result<Option<Found>, StoreError> {
    let path = layout.target(&record::target(shelf, id)).1;
    let Some(bytes) = file::read(&path, MAX_RECORD)? else {
        return Ok(None);
    };
    let record = record::parse_any(layout, shelf, id, &bytes)?;
    let raw = serde_json::from_slice(&bytes).map_err(not_json)?;
    Ok(Some(Found { raw, record }))
}

/// The bytes of the new version, with the unknown fields of the one before.
fn new_version(record: &Record, before: Option<&Found>) -> Result<Vec<u8>, StoreError> {
    let mut new = to_value(record)?;
    if let Some(before) = before {
        unknown::keep(&before.raw, &to_value(&before.record)?, &mut new);
    }
    to_bytes(&new)
}

/// A record as its file holds it: without the tag of its kind.
fn to_value(record: &Record) -> Result<Value, StoreError> {
    match record {
        Record::Session(session) => serde_json::to_value(session),
        Record::Run(run) => serde_json::to_value(run),
    }
    .map_err(not_json)
}

fn to_bytes(value: &impl serde::Serialize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = serde_json::to_vec(value).map_err(not_json)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn not_json(error: serde_json::Error) -> StoreError {
    StoreError::Io { operation: "write as JSON", path: "a record".into(), source: error.into() }
}
