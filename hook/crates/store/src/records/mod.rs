//! The two kinds of records as files.

pub(crate) mod unknown_fields;
pub(crate) mod view;

use agent_baton_core::decision::{Location, Record};
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::reason::Reason;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::index::lookup::RecordId;
use crate::state_dir::layout::{Layout, Target};

/// A record that has a file of its own.
pub(crate) trait StoredRecord: Serialize + DeserializeOwned {
    type Id: std::str::FromStr + Clone + PartialEq;
    /// Where a record of this kind can stand; of two copies the first counts.
    const SHELVES: &'static [Location];
    fn target(location: Location, id: &Self::Id) -> Target;
    fn id(&self) -> &Self::Id;
    fn into_record(self) -> Record;
    /// Whether a user ended it so that nothing but a user's word brings it back from the trash.
    fn is_deleted(&self) -> bool;
}

impl StoredRecord for Session {
    type Id = SessionId;
    const SHELVES: &'static [Location] = &[Location::Live, Location::Archive, Location::Trash];
    fn target(location: Location, id: &SessionId) -> Target {
        let id = id.clone();
        Target::Session { location, id }
    }
    fn id(&self) -> &SessionId {
        &self.id
    }
    fn into_record(self) -> Record {
        Record::Session(Box::new(self))
    }
    fn is_deleted(&self) -> bool {
        self.ended.as_ref().is_some_and(|over| over.reason == Reason::Deleted)
    }
}

impl StoredRecord for Run {
    type Id = RunId;
    const SHELVES: &'static [Location] = &[Location::Live, Location::Archive];
    fn target(location: Location, id: &RunId) -> Target {
        let id = id.clone();
        Target::Run { location, id }
    }
    fn id(&self) -> &RunId {
        &self.id
    }
    fn into_record(self) -> Record {
        Record::Run(Box::new(self))
    }
    fn is_deleted(&self) -> bool {
        false
    }
}

/// Parses the content of the file of `id`, which must hold that very record.
pub(crate) fn parse<T: StoredRecord>(
    layout: &Layout,
    location: Location,
    id: &T::Id,
    bytes: &[u8],
) -> Result<T, StoreError> {
    let wrong = |what: String| StoreError::unreadable(&layout.target(&T::target(location, id)).1, what);
    // ValidatedDecision as a whole: string by string it costs a tenth of the reading.
    let text = std::str::from_utf8(bytes).map_err(|error| wrong(format!("is no text ({error})")))?;
    let record: T =
        serde_json::from_str(text).map_err(|error| wrong(format!("is no record of this version ({error})")))?;
    if record.id() == id { Ok(record) } else { Err(wrong("holds a record with another id".to_owned())) }
}

/// The file of a record of either kind.
pub(crate) fn target(location: Location, id: &RecordId) -> Target {
    match id {
        RecordId::Session(id) => Session::target(location, id),
        RecordId::Run(id) => Run::target(location, id),
    }
}

/// Where a record of either kind can stand.
pub(crate) const fn shelves(id: &RecordId) -> &'static [Location] {
    match id {
        RecordId::Session(_) => Session::SHELVES,
        RecordId::Run(_) => Run::SHELVES,
    }
}

/// Parses the file of a record of either kind.
pub(crate) fn parse_any(
    layout: &Layout,
    location: Location,
    id: &RecordId,
    bytes: &[u8],
) -> Result<Record, StoreError> {
    match id {
        RecordId::Session(id) => parse::<Session>(layout, location, id, bytes).map(StoredRecord::into_record),
        RecordId::Run(id) => parse::<Run>(layout, location, id, bytes).map(StoredRecord::into_record),
    }
}
