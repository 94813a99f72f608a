//! Plans a commit: determines the files to write from the changes of records, including the index.

use std::collections::BTreeMap;

use agent_baton_core::decision::{Change, Location, Record};
use agent_baton_core::id::SessionId;
use agent_baton_core::timestamp::Timestamp;
use serde_json::Value;

use crate::audit::{AuditChange, AuditLine};
use crate::error::StoreError;
use crate::file::{self, MAX_RECORD};
use crate::index::lookup::{self, IndexFile, IndexKey, RecordId};
use crate::records;
use crate::records::unknown_fields;
use crate::state_dir::layout::{Hash, Layout, Target};
use crate::wal::entry::{CommitRecord, Effect, NewVersion, WalEntry};
use crate::wal::error::CommitError;
use crate::wal::write::PreparedCommit;

/// What a commit does with one record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Edit<'a> {
    /// Writes a new version.
    Write(&'a Change),
    /// Writes the tombstone of a deleted session and removes its stored messages.
    WriteTombstone(&'a Change),
    /// Removes a session permanently from the trash.
    Remove { id: &'a SessionId, revision: u64 },
}

impl<'a> Edit<'a> {
    /// Returns the change that it writes, if any.
    pub(crate) const fn change(&self) -> Option<&'a Change> {
        match self {
            Self::Write(change) | Self::WriteTombstone(change) => Some(change),
            Self::Remove { .. } => None,
        }
    }

    /// Returns the record's id.
    pub(crate) fn id(&self) -> &'a str {
        match self {
            Self::Write(change) | Self::WriteTombstone(change) => change.record.id(),
            Self::Remove { id, .. } => id.as_str(),
        }
    }
}

/// A record as it is under the lock.
struct Found {
    raw: Value,
    record: Record,
}

/// The files of a commit.
#[derive(Default)]
pub(crate) struct CommitPlan {
    entries: Vec<WalEntry>,
    new_contents: Vec<Option<Vec<u8>>>,
    audit: Vec<AuditChange>,
    index_file: BTreeMap<IndexKey, (Option<u64>, IndexFile)>,
}

impl CommitPlan {
    /// Plans a commit. The caller must hold the lock, with no commit in flight.
    pub(crate) fn new(layout: &Layout, edits: &[Edit<'_>]) -> Result<Self, CommitError> {
        let mut plan = Self::default();
        for edit in edits {
            match edit {
                Edit::Write(change) => plan.change(layout, change, Vec::new())?,
                Edit::WriteTombstone(change) => {
                    let effects = match RecordId::from_record(&change.record) {
                        RecordId::Session(id) => vec![Effect::RemoveConversation { id }],
                        RecordId::Run(_) => Vec::new(),
                    };
                    plan.change(layout, change, effects)?;
                }
                Edit::Remove { id, revision } => plan.remove(layout, id, *revision)?,
            }
        }
        for (key, (before, index_file)) in std::mem::take(&mut plan.index_file) {
            let after = (!index_file.is_empty()).then_some(&index_file);
            if before.is_some() || after.is_some() {
                let bytes = after.map(to_bytes).transpose()?;
                plan.push(key.target(), before, bytes.map(|bytes| (index_file.revision, bytes)));
            }
        }
        Ok(plan)
    }

    /// Returns the commit with its audit line.
    pub(crate) fn commit(
        self,
        machine: &str,
        at: &Timestamp,
        mut line: AuditLine,
    ) -> Result<PreparedCommit, StoreError> {
        line.changes = self.audit;
        let audit = line.n;
        Ok(PreparedCommit {
            wal: CommitRecord {
                machine: machine.to_owned(),
                at: at.clone(),
                entries: self.entries,
                audit,
                line: line.into_json().map_err(not_json)?,
            },
            new_contents: self.new_contents,
        })
    }

    fn push(&mut self, target: Target, before: Option<u64>, after: Option<(u64, Vec<u8>)>) {
        self.push_with(target, before, after, Vec::new());
    }

    fn push_with(&mut self, target: Target, before: Option<u64>, after: Option<(u64, Vec<u8>)>, effects: Vec<Effect>) {
        let version = after.as_ref().map(|(revision, bytes)| NewVersion { revision: *revision, hash: Hash::of(bytes) });
        self.entries.push(WalEntry { target, before, after: version, effects });
        self.new_contents.push(after.map(|(_, bytes)| bytes));
    }

    fn change(&mut self, layout: &Layout, change: &Change, mut effects: Vec<Effect>) -> Result<(), CommitError> {
        let id = RecordId::from_record(&change.record);
        let mut standing = Vec::new();
        for location in records::locations(&id) {
            standing.extend(find(layout, *location, &id)?.map(|found| (*location, found)));
        }
        // A foreign or damaged state directory may have several copies. The first one counts, as it does for every
        // reader.
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
        let stays = standing.iter().find(|(location, _)| *location == change.to).and_then(|(_, found)| revision(found));
        if let RecordId::Session(id) = &id
            && change.to != Location::Live
        {
            effects.push(Effect::AddToExpiryBucket { location: change.to, id: id.clone() });
        }
        self.push_with(records::target(change.to, &id), stays, after, effects);
        for (location, found) in standing.iter().filter(|(location, _)| *location != change.to) {
            let moved_log = match &id {
                RecordId::Session(id) => {
                    vec![Effect::MoveSessionLog { id: id.clone(), from: *location, to: change.to }]
                }
                RecordId::Run(_) => Vec::new(),
            };
            self.push_with(records::target(*location, &id), revision(found), None, moved_log);
        }
        let before = standing.first().map(|(location, found)| (&found.record, *location));
        for (key, belongs) in lookup::delta(before, (&change.record, change.to)) {
            self.link(layout, key, &id, belongs)?;
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

    fn remove(&mut self, layout: &Layout, session: &SessionId, revision: u64) -> Result<(), CommitError> {
        let id = RecordId::Session(session.clone());
        let found = find(layout, Location::Trash, &id)?.map(|found| found.record.revision());
        if found != Some(revision) {
            return Err(CommitError::Moved { id: session.to_string(), decided: Some(revision), found });
        }
        let effects = vec![
            Effect::RemoveConversation { id: session.clone() },
            Effect::RemoveSessionLog { id: session.clone(), location: Location::Trash },
        ];
        self.push_with(records::target(Location::Trash, &id), Some(revision), None, effects);
        self.audit.push(AuditChange {
            kind: "session".to_owned(),
            id: session.to_string(),
            to: Location::Trash,
            before: Some(revision),
            after: revision,
            removed: true,
        });
        Ok(())
    }

    fn link(&mut self, layout: &Layout, key: IndexKey, id: &RecordId, belongs: bool) -> Result<(), StoreError> {
        if !self.index_file.contains_key(&key) {
            let found = IndexFile::read(layout, &key)?;
            let before = found.as_ref().map(|index_file| index_file.revision);
            let mut index_file = found.unwrap_or_else(|| IndexFile::new(&key));
            index_file.revision = index_file.revision.saturating_add(1);
            self.index_file.insert(key.clone(), (before, index_file));
        }
        if let Some((_, index_file)) = self.index_file.get_mut(&key) {
            index_file.set(id, belongs, &key);
        }
        Ok(())
    }
}

fn find(layout: &Layout, location: Location, id: &RecordId) -> Result<Option<Found>, StoreError> {
    let path = layout.target(&records::target(location, id)).1;
    let Some(bytes) = file::read(&path, MAX_RECORD)? else {
        return Ok(None);
    };
    let record = records::parse_any(layout, location, id, &bytes)?;
    let raw = serde_json::from_slice(&bytes).map_err(not_json)?;
    Ok(Some(Found { raw, record }))
}

/// Returns the bytes of the new version, with the unknown fields of the previous one.
fn new_version(record: &Record, before: Option<&Found>) -> Result<Vec<u8>, StoreError> {
    let mut new = to_value(record)?;
    if let Some(before) = before {
        unknown_fields::merge_unknown_fields(&before.raw, &to_value(&before.record)?, &mut new);
    }
    to_bytes(&new)
}

/// Returns a record as its file contains it, without the tag of its kind.
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
