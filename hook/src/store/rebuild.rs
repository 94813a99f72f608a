//! The index, made anew from the records by listing them: after a loss, never on an event's usual way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use agent_baton_core::decision::{Record, Shelf};
use agent_baton_core::id::{RunId, SessionId};

use super::error::StoreError;
use super::file;
use super::layout::{self, Layout, LinkKind, Target};
use super::links::{self, Id, Key, Links};
use super::record;
use super::roll::{Listed, Roll};

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
    let mut roll = Roll { revision: 1, ..Roll::default() };
    let mut take = |shelf, id: Id, roll: &mut Roll| match read(layout, shelf, &id) {
        Ok(Some(record)) => {
            let created = created(&record);
            if let (Id::Session(id), listed @ Some(_)) = (&id, Listed::of(&record, shelf)) {
                roll.set(id, listed);
            }
            let keys = links::keys(&record, shelf).into_iter();
            found.extend(keys.map(|(key, from)| (from.max(created), key, id.clone())));
        }
        Ok(None) => {}
        Err(error) => reports.push(format!("left out of the index: {error}")),
    };
    let live = live(layout)?;
    for id in &live {
        take(Shelf::Live, id.clone(), &mut roll);
    }
    // The archive has no bound, and an event has no time: where half of it is spent, the archive is answered for by its records.
    let half = Instant::now() + deadline.saturating_duration_since(Instant::now()) / 2;
    let archived = file::names(&layout.sessions(Shelf::Archive))?;
    for (n, id) in layout::ids::<SessionId>(&archived).map(Id::Session).enumerate() {
        if n % AT_ONCE == AT_ONCE - 1 && Instant::now() >= half {
            roll.partial = true;
            break;
        }
        // Where a foreign or damaged state has a session on both shelves, the live one counts, as it does for every reader.
        if live.binary_search_by(|other| other.text().cmp(id.text())).is_err() {
            take(Shelf::Archive, id, &mut roll);
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
        if put(&temp, &path, links)? {
            written += 1;
            if written % AT_ONCE == 0 && Instant::now() >= deadline {
                return Err(StoreError::Mending { path: layout.root().to_owned() });
            }
        }
        wanted.insert(path);
    }
    let path = layout.target(&Target::Roll).1;
    put(&temp, &path, &roll)?;
    wanted.insert(path);
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

/// Puts a file in place unless it is right already; whether it was not. What cannot be read is written over: it is derived from the
/// records.
fn put(temp: &Path, path: &Path, content: &impl serde::Serialize) -> Result<bool, StoreError> {
    let bytes = serde_json::to_vec(content).map_err(|error| StoreError::io("write", path)(error.into()))?;
    if file::read(path, file::MAX_RECORD).ok().flatten().as_ref() == Some(&bytes) {
        return Ok(false);
    }
    file::write(temp, &bytes)?;
    std::fs::rename(temp, path).map_err(StoreError::io("rename a file to", path))?;
    Ok(true)
}

/// The sessions and runs among the live records, in the order of their ids.
fn live(layout: &Layout) -> Result<Vec<Id>, StoreError> {
    let sessions = file::names(&layout.sessions(Shelf::Live))?;
    let runs = file::names(&layout.runs(Shelf::Live))?;
    let sessions = layout::ids::<SessionId>(&sessions).map(Id::Session);
    let mut ids: Vec<Id> = sessions.chain(layout::ids::<RunId>(&runs).map(Id::Run)).collect();
    ids.sort_by(|a, b| a.text().cmp(b.text()));
    Ok(ids)
}

fn read(layout: &Layout, shelf: Shelf, id: &Id) -> Result<Option<Record>, StoreError> {
    let path = layout.target(&record::target(shelf, id)).1;
    file::read(&path, file::MAX_RECORD)?.map(|bytes| record::parse_any(layout, shelf, id, &bytes)).transpose()
}

const fn created(record: &Record) -> u64 {
    match record {
        Record::Session(session) => session.created.unix_ms,
        Record::Run(run) => run.created.unix_ms,
    }
}
