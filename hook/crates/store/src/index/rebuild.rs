//! Rebuilds the index from the records. This lists the records, so it happens only after the index was lost or damaged.

use baton_display::error_chain;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use agent_baton_core::decision::{Location, Record};
use agent_baton_core::id::{RunId, SessionId};

use crate::error::StoreError;
use crate::file;
use crate::index::lookup::{self, IndexFile, IndexKey, RecordId};
use crate::records;
use crate::state_dir::layout::{self, IndexKind, Layout};

/// The number of files after which the deadline is checked.
const DEADLINE_CHECK_INTERVAL: usize = 64;

/// Rebuilds the index from the records. The caller must hold the lock, with no commit in flight.
///
/// Records that cannot be read are left out and reported. No reader uses the index while `index/complete` is missing,
/// so its files are synced together at the end. Files that are already correct are not written again, so an interrupted
/// rebuild continues where it stopped. In an empty state directory there are only two files, and each is synced.
///
/// # Errors
///
/// Returns [`StoreError::RecoveryIncomplete`] after the deadline. The next call continues from there.
pub(crate) fn rebuild(layout: &Layout, deadline: Instant, reports: &mut Vec<String>) -> Result<(), StoreError> {
    let whole = layout.index_complete();
    if file::exists(&whole)? {
        file::remove(&whole)?;
        file::sync_dir(&layout.index_file(IndexKind::Process))?;
    }
    // Makes the removal of the last commit's wal.json durable first. If a crash brought it back, recovery would replay
    // it on index files whose revisions it does not know.
    file::sync_dir(layout.root())?;

    let mut found: Vec<(u64, IndexKey, RecordId)> = Vec::new();
    for id in live(layout)? {
        match read(layout, &id) {
            Ok(Some(record)) => {
                let created = created(&record);
                let keys = lookup::keys(&record, Location::Live).into_iter();
                found.extend(keys.map(|(key, from)| (from.max(created), key, id.clone())));
            }
            Ok(None) => {}
            Err(error) => reports.push(format!("left out of the index: {}", error_chain(&error))),
        }
    }
    found.sort_by_key(|(from, ..)| *from);
    let mut files: BTreeMap<IndexKey, IndexFile> = BTreeMap::new();
    for (_, key, id) in found {
        let index_file = files.entry(key.clone()).or_insert_with(|| IndexFile::new(&key));
        index_file.revision = 1;
        index_file.set(&id, true, &key);
    }

    let mut wanted: BTreeSet<PathBuf> = BTreeSet::from([whole.clone()]);
    let temp = layout.temp_of("index");
    let mut written = 0;
    for (key, index_file) in &files {
        let path = layout.target(&key.target()).1;
        if put(&temp, &path, index_file)? {
            written += 1;
            if written % DEADLINE_CHECK_INTERVAL == 0 && Instant::now() >= deadline {
                return Err(StoreError::RecoveryIncomplete { path: layout.root().to_owned() });
            }
        }
        wanted.insert(path);
    }
    wanted.insert(layout.expiry_dir());
    for dir in [layout.index_file(IndexKind::Process), layout.index_file(IndexKind::Project)] {
        for name in file::list_names(&dir)? {
            let path = dir.join(name);
            if !wanted.contains(&path) {
                file::remove(&path)?;
            }
        }
        wanted.insert(dir);
    }
    wanted.remove(&whole);
    file::sync_all(layout.root(), wanted.iter().map(PathBuf::as_path))?;
    file::replace(&layout.temp_of("whole"), &whole, b"", file::Durability::Full)
}

/// Writes a file unless it is already correct, and returns whether it wrote it. An unreadable file is overwritten,
/// because it is derived from the records.
fn put(temp: &Path, path: &Path, content: &impl serde::Serialize) -> Result<bool, StoreError> {
    let bytes = file::to_json(path, content, file::MAX_RECORD)?;
    if file::read(path, file::MAX_RECORD).ok().flatten().as_ref() == Some(&bytes) {
        return Ok(false);
    }
    file::replace(temp, path, &bytes, file::Durability::None)?;
    Ok(true)
}

/// Returns the live sessions and runs in the order of their ids.
fn live(layout: &Layout) -> Result<Vec<RecordId>, StoreError> {
    let sessions = file::list_names(&layout.sessions(Location::Live))?;
    let runs = file::list_names(&layout.runs(Location::Live))?;
    let sessions = layout::ids::<SessionId>(&sessions).map(RecordId::Session);
    let mut ids: Vec<RecordId> = sessions.chain(layout::ids::<RunId>(&runs).map(RecordId::Run)).collect();
    ids.sort_by(|a, b| a.text().cmp(b.text()));
    Ok(ids)
}

fn read(layout: &Layout, id: &RecordId) -> Result<Option<Record>, StoreError> {
    let path = layout.target(&records::target(Location::Live, id)).1;
    file::read(&path, file::MAX_RECORD)?.map(|bytes| records::parse_any(layout, Location::Live, id, &bytes)).transpose()
}

const fn created(record: &Record) -> u64 {
    match record {
        Record::Session(session) => session.created.unix_ms,
        Record::Run(run) => run.created.unix_ms,
    }
}
