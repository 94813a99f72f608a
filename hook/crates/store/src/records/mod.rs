//! The two kinds of records, sessions and runs, as files.

pub(crate) mod unknown_fields;
pub(crate) mod view;

use agent_baton_core::decision::{Location, Record};
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::reason::Reason;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::index::lookup::RecordId;
use crate::state_dir::layout::{Layout, Target};

/// A record that has a file of its own.
pub(crate) trait StoredRecord: Serialize + DeserializeOwned {
    type Id: std::str::FromStr + Clone + PartialEq;
    /// The locations in which a record of this kind can be. Of two copies, the first location counts.
    const LOCATIONS: &'static [Location];
    fn target(location: Location, id: &Self::Id) -> Target;
    fn id(&self) -> &Self::Id;
    fn into_record(self) -> Record;
    /// Returns whether the record is a tombstone that only a user can restore from the trash.
    fn is_deleted(&self) -> bool;
}

impl StoredRecord for Session {
    type Id = SessionId;
    const LOCATIONS: &'static [Location] = &[Location::Live, Location::Archive, Location::Trash];
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
    const LOCATIONS: &'static [Location] = &[Location::Live, Location::Archive];
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

/// Returns when a session was last opened: the start of its newest launch.
#[must_use]
pub fn last_opened(session: &Session) -> &Timestamp {
    let launches = session.launches.iter().map(|launch| &launch.started);
    launches.max_by_key(|started| started.unix_ms).unwrap_or(&session.created)
}

/// Parses the file of record `id`. The record must have that id.
pub(crate) fn parse<T: StoredRecord>(
    layout: &Layout,
    location: Location,
    id: &T::Id,
    bytes: &[u8],
) -> Result<T, StoreError> {
    let wrong = |what: String| StoreError::unreadable(&layout.target(&T::target(location, id)).1, what);
    // The text is validated as a whole. Validating each string separately would take a tenth of the reading time.
    let text = std::str::from_utf8(bytes).map_err(|error| wrong(format!("is not text ({error})")))?;
    let record: T =
        serde_json::from_str(text).map_err(|error| wrong(format!("is not a record of this version ({error})")))?;
    if record.id() == id { Ok(record) } else { Err(wrong("holds a record with another id".to_owned())) }
}

/// Returns the file of a session or a run.
pub(crate) fn target(location: Location, id: &RecordId) -> Target {
    match id {
        RecordId::Session(id) => Session::target(location, id),
        RecordId::Run(id) => Run::target(location, id),
    }
}

/// Returns the locations in which a session or a run can be.
pub(crate) const fn locations(id: &RecordId) -> &'static [Location] {
    match id {
        RecordId::Session(_) => Session::LOCATIONS,
        RecordId::Run(_) => Run::LOCATIONS,
    }
}

/// Parses the file of a session or a run.
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
