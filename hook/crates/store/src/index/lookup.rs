//! The lookup index: it finds the sessions and runs of a process, a pane or a project for an event.
//!
//! Each key has one small file, whose name is the hash of the key. The file is written in the commit of the record from
//! which it follows. The core does not know the index: the store derives it from the records before and after a change.

use std::collections::BTreeMap;

use agent_baton_core::decision::{Location, Record};
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Process;
use agent_baton_core::session::{Launch, Session};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::file;
use crate::state_dir::layout::{Hash, IndexKind, Layout, Target};

/// The maximum number of sessions for one process or pane. The newest are kept. An event reads all of them.
pub(crate) const MAX_SESSIONS_PER_KEY: usize = 16;

/// The maximum number of sessions, and of runs, for one project. The newest are kept.
pub(crate) const MAX_PER_PROJECT: usize = 64;

/// The key by which the records of a session or a run are found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IndexKey {
    by: IndexKind,
    text: String,
}

impl IndexKey {
    pub(crate) fn process(process: &Process) -> Self {
        let Process { pid, start, boot, machine, pidns } = process;
        Self { by: IndexKind::Process, text: format!("{machine} {boot} {pidns} {pid} {start}") }
    }

    /// Returns the key of a pane, or `None` for an unknown pane, which is not one place.
    pub(crate) fn pane(pane: &Pane) -> Option<Self> {
        let text = match pane {
            Pane::Tmux { server, pane } => format!("tmux {pane} {server}"),
            Pane::Zellij { session, pane } => format!("zellij {pane} {session}"),
            Pane::Tty { tty } => format!("tty {tty}"),
            Pane::Unknown => return None,
        };
        Some(Self { by: IndexKind::Pane, text })
    }

    pub(crate) fn project(path: &str) -> Self {
        Self { by: IndexKind::Project, text: path.to_owned() }
    }

    /// Returns the key of a project's directory, which stays when the directory is renamed.
    pub(crate) fn directory(identity: &str) -> Self {
        Self { by: IndexKind::Directory, text: identity.to_owned() }
    }

    pub(crate) fn target(&self) -> Target {
        Target::Index { by: self.by, hash: Hash::of(self.text.as_bytes()) }
    }
}

/// One file of the index. The newest record is last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct IndexFile {
    /// The full key. A file with another key is not valid.
    pub(crate) key: String,
    pub(crate) revision: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sessions: Vec<SessionId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) runs: Vec<RunId>,
}

impl IndexFile {
    pub(crate) fn new(key: &IndexKey) -> Self {
        Self { key: key.text.clone(), ..Self::default() }
    }

    /// Parses the content of a file, which must have this key.
    pub(crate) fn parse(layout: &Layout, key: &IndexKey, bytes: &[u8]) -> Result<Self, StoreError> {
        let found: Option<Self> = serde_json::from_slice(bytes).ok();
        found
            .filter(|index_file| index_file.key == key.text)
            .ok_or_else(|| StoreError::IndexMissing { path: layout.target(&key.target()).1 })
    }

    /// Reads a file under the lock, with no commit in flight.
    pub(crate) fn read(layout: &Layout, key: &IndexKey) -> Result<Option<Self>, StoreError> {
        let path = layout.target(&key.target()).1;
        match file::read(&path, file::MAX_RECORD) {
            Ok(Some(bytes)) => Self::parse(layout, key, &bytes).map(Some),
            Ok(None) => Ok(None),
            Err(StoreError::Unreadable { path, .. }) => Err(StoreError::IndexMissing { path }),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.runs.is_empty()
    }

    /// Removes an id, and adds it as the newest if it belongs here.
    pub(crate) fn set(&mut self, id: &RecordId, belongs: bool, key: &IndexKey) {
        let max = match key.by {
            IndexKind::Process | IndexKind::Pane => MAX_SESSIONS_PER_KEY,
            IndexKind::Project | IndexKind::Directory => MAX_PER_PROJECT,
        };
        match id {
            RecordId::Session(id) => put(&mut self.sessions, id, belongs, max),
            RecordId::Run(id) => put(&mut self.runs, id, belongs, max),
        }
    }
}

fn put<T: PartialEq + Clone>(ids: &mut Vec<T>, id: &T, belongs: bool, max: usize) {
    ids.retain(|present| present != id);
    if belongs {
        ids.push(id.clone());
        ids.drain(..ids.len().saturating_sub(max));
    }
}

/// The id of a session or a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RecordId {
    Session(SessionId),
    Run(RunId),
}

impl RecordId {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Session(id) => id.as_str(),
            Self::Run(id) => id.as_str(),
        }
    }

    pub(crate) fn from_record(record: &Record) -> Self {
        match record {
            Record::Session(session) => Self::Session(session.id.clone()),
            Record::Run(run) => Self::Run(run.id.clone()),
        }
    }
}

/// Returns the keys by which a record is found, each with the time from which it applies. The latest time makes a
/// record the newest. No event looks for a record in the archive or the trash.
///
/// Ended launches count, so that a session is found by any process that showed it.
pub(crate) fn keys(record: &Record, location: Location) -> BTreeMap<IndexKey, u64> {
    match record {
        _ if location != Location::Live => BTreeMap::new(),
        Record::Session(session) => session_keys(session),
        Record::Run(run) if run.status.is_unfinished() => {
            let directory = run.directory.as_deref().map(IndexKey::directory);
            run.project.as_deref().map(IndexKey::project).into_iter().chain(directory).map(|key| (key, 0)).collect()
        }
        Record::Run(_) => BTreeMap::new(),
    }
}

fn session_keys(session: &Session) -> BTreeMap<IndexKey, u64> {
    let mut keys = BTreeMap::new();
    let of_launch = |launch: &Launch| {
        [Some(IndexKey::process(&launch.process)), IndexKey::pane(&launch.pane)]
            .into_iter()
            .flatten()
            .map(|key| (key, launch.started.unix_ms))
            .collect::<Vec<_>>()
    };
    for (key, from) in session.launches.iter().flat_map(of_launch) {
        let newest = keys.entry(key).or_insert(from);
        *newest = from.max(*newest);
    }
    if session.ended.is_none() {
        keys.extend(session.project.iter().map(|path| (IndexKey::project(path), 0)));
    }
    keys
}

/// Returns how a change of one record changes the index: each key, and whether the record belongs there.
pub(crate) fn delta(before: Option<(&Record, Location)>, after: (&Record, Location)) -> Vec<(IndexKey, bool)> {
    let before = before.map(|(record, location)| keys(record, location)).unwrap_or_default();
    let after = keys(after.0, after.1);
    let gone = before.keys().filter(|key| !after.contains_key(key)).map(|key| (key.clone(), false));
    let new = after.iter().filter(|(key, from)| before.get(key) != Some(from)).map(|(key, _)| (key.clone(), true));
    gone.chain(new).collect()
}
