//! The index, made anew from the records by listing them: after a loss, never on an event's usual way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use agent_baton_core::decision::{Record, Shelf};
use agent_baton_core::id::{RunId, SessionId};

use super::error::StoreError;
use super::file;
use super::layout::{self, Layout, LinkKind};
use super::links::{self, Id, Key, Links};
use super::record;

/// After so many files the time is looked at.
const AT_ONCE: usize = 64;

/// Makes the index whole. Must be called under the lock, with no commit in flight.
///
/// Records that cannot be read are left out and reported. Nobody believes the index while it is not called whole, so its files are
/// made durable all at once, and one that is right already is left: a rebuild that is cut off goes on where it was.
///
/// # Errors
///
/// [`StoreError::Mending`] after the deadline; something was done all the same.
pub(super) fn rebuild(layout: &Layout, deadline: Instant, reports: &mut Vec<String>) -> Result<(), StoreError> {
    let whole = layout.index_whole();
    file::remove(&whole)?;
    file::sync_dir(&layout.links(LinkKind::Process))?;
    // The end of the last commit becomes durable: brought back, it would not find its revisions in the new files.
    file::sync_dir(layout.root())?;

    let mut found: Vec<(u64, Key, Id)> = Vec::new();
    for id in all(layout)? {
        match read(layout, &id) {
            Ok(Some(record)) => {
                let created = created(&record);
                let keys = links::keys(&record).into_iter();
                found.extend(keys.map(|(key, from)| (from.max(created), key, id.clone())));
            }
            Ok(None) => {}
            Err(error) => reports.push(format!("left out of the index: {error}")),
        }
    }
    found.sort_by_key(|(from, ..)| *from);
    let mut files: BTreeMap<Key, Links> = BTreeMap::new();
    for (_, key, id) in found {
        let links = files.entry(key.clone()).or_insert_with(|| Links::new(&key));
        links.revision = 1;
        links.set(&id, true, &key);
    }

    let mut wanted: BTreeSet<PathBuf> = BTreeSet::from([whole.clone()]);
    let temp = layout.temp_of("index");
    let mut written = 0;
    for (key, links) in &files {
        let path = layout.target(&key.target()).1;
        let bytes = serde_json::to_vec(links).map_err(|error| StoreError::io("write", &path)(error.into()))?;
        // What cannot be read is written over: it is derived from the records.
        if file::read(&path, file::MAX_RECORD).ok().flatten().as_ref() != Some(&bytes) {
            file::write(&temp, &bytes)?;
            std::fs::rename(&temp, &path).map_err(StoreError::io("rename a file to", &path))?;
            written += 1;
            if written % AT_ONCE == 0 && Instant::now() >= deadline {
                return Err(StoreError::Mending { path: layout.root().to_owned() });
            }
        }
        wanted.insert(path);
    }
    for dir in [layout.links(LinkKind::Process), layout.links(LinkKind::Project)] {
        for name in file::names(&dir)? {
            let path = dir.join(name);
            if !wanted.contains(&path) {
                file::remove(&path)?;
            }
        }
        wanted.insert(dir);
    }
    wanted.remove(&whole);
    file::sync_many(layout.root(), wanted.iter().map(PathBuf::as_path))?;
    file::replace(&layout.temp_of("whole"), &whole, b"")
}

fn all(layout: &Layout) -> Result<Vec<Id>, StoreError> {
    let sessions = file::names(&layout.sessions(Shelf::Live))?;
    let runs = file::names(&layout.runs(Shelf::Live))?;
    let sessions = layout::ids::<SessionId>(&sessions).map(Id::Session);
    Ok(sessions.chain(layout::ids::<RunId>(&runs).map(Id::Run)).collect())
}

fn read(layout: &Layout, id: &Id) -> Result<Option<Record>, StoreError> {
    let path = layout.target(&record::target(Shelf::Live, id)).1;
    file::read(&path, file::MAX_RECORD)?.map(|bytes| record::parse_any(layout, Shelf::Live, id, &bytes)).transpose()
}

const fn created(record: &Record) -> u64 {
    match record {
        Record::Session(session) => session.created.unix_ms,
        Record::Run(run) => run.created.unix_ms,
    }
}
