//! Brings the catalogue up to date with the records.

use std::io;
use std::path::Path;
use std::thread;

use agent_baton_core::decision::Location;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::request::Reading;
use baton_store::{AuditPosition, Store, StoreError, View};
use serde::{Deserialize, Serialize};

use crate::keys::{Facts, Kind, facts_key};
use crate::layered_map::LayeredMap;

/// The version of the keys and facts. A file of another version is made anew.
const VERSION: u32 = 2;

/// How many changed records are kept in memory only. Reading so many again costs less than a sync, and a state with so
/// few records needs no file.
const MAX_UNWRITTEN: usize = 64;

/// The number of records that are read and written together.
const CHUNK: usize = 16 * 1024;

/// The number of records that are read from one version of the state.
const READ_BATCH: usize = 64;

/// The minimum number of records that one thread reads. Starting a thread costs as much as reading some of them.
const MIN_PER_THREAD: usize = 500;

/// Where the file stands. The key of this entry is before all others.
#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    position: AuditPosition,
}

const HEAD: &[u8] = b"head";

/// The id of a record that may have changed.
#[derive(Debug, Clone)]
enum Changed {
    Session(SessionId),
    Run(RunId),
}

/// What the file does not know.
struct Behind {
    /// The records to read.
    records: Vec<Changed>,
    /// Whether these are all records, because nobody knows which ones changed.
    all: bool,
    /// Where the audit stood before the records were listed.
    position: AuditPosition,
}

/// Opens the catalogue at a path as it is now.
pub(crate) fn open_current(store: &Store, path: &Path) -> Result<LayeredMap, StoreError> {
    let mut map = LayeredMap::open(path);
    let mut behind = Behind::of(store, &map)?;
    if behind.records.len() > MAX_UNWRITTEN {
        drop(map);
        // A caller that cannot write the file keeps in memory what the file does not know.
        map = write_current(store, path).unwrap_or_else(|| LayeredMap::open(path));
        behind = Behind::of(store, &map)?;
    }
    if behind.all {
        map.clear();
    }
    read_into(store, &mut map, &behind.records, &mut |_| Ok(()))?;
    Ok(map)
}

/// Brings the file up to date. Returns `None` where it cannot be written.
fn write_current(store: &Store, path: &Path) -> Option<LayeredMap> {
    store.make_cache_dir().ok()?;
    let mut map = LayeredMap::open_exclusive(path).ok()?;
    // Another call may have done it meanwhile.
    let behind = Behind::of(store, &map).ok()?;
    if behind.all {
        // Until the end there is no head. If this call is killed, nobody believes what it wrote.
        map.clear();
    }
    let mut after = |map: &mut LayeredMap| if behind.all { map.write() } else { Ok(()) };
    read_into(store, &mut map, &behind.records, &mut after).ok()?;
    let head = Head { version: VERSION, position: behind.position };
    map.put(HEAD.to_vec(), serde_json::to_vec(&head).ok()?);
    map.write().ok()?;
    map.share().ok()?;
    Some(map)
}

impl Behind {
    fn of(store: &Store, map: &LayeredMap) -> Result<Self, StoreError> {
        // A file that cannot be read, or of another version, knows nothing.
        let head = map.get(HEAD).ok().flatten().and_then(|bytes| serde_json::from_slice::<Head>(&bytes).ok());
        let known = head.filter(|head| head.version == VERSION).map(|head| head.position);
        let changed = store.changed_records(known.as_ref())?;
        let (records, all) = match changed.since {
            Some((sessions, runs)) => {
                let sessions = sessions.into_iter().map(Changed::Session);
                (sessions.chain(runs.into_iter().map(Changed::Run)).collect(), false)
            }
            None => (all_records(store)?, true),
        };
        Ok(Self { records, all, position: changed.now })
    }
}

fn all_records(store: &Store) -> Result<Vec<Changed>, StoreError> {
    let mut records = Vec::new();
    for location in [Location::Live, Location::Archive, Location::Trash] {
        records.extend(store.sessions(location)?.into_iter().map(Changed::Session));
    }
    for location in [Location::Live, Location::Archive] {
        records.extend(store.runs(location)?.into_iter().map(Changed::Run));
    }
    Ok(records)
}

/// What is called after some records.
type AfterChunk<'a> = dyn FnMut(&mut LayeredMap) -> io::Result<()> + 'a;

/// Reads records, with every CPU core, and enters them.
fn read_into(
    store: &Store,
    map: &mut LayeredMap,
    records: &[Changed],
    after: &mut AfterChunk<'_>,
) -> Result<(), StoreError> {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let failed = |source| StoreError::Io { operation: "use the cache", path: store.catalogue_path(), source };
    for chunk in records.chunks(CHUNK) {
        let share = chunk.len().div_ceil(cores).max(MIN_PER_THREAD);
        let (own, others) = chunk.split_at_checked(share).unwrap_or((chunk, &[]));
        let facts = thread::scope(|scope| {
            let others: Vec<_> = others.chunks(share).map(|part| scope.spawn(|| read_facts(store, part))).collect();
            let mut facts = read_facts(store, own)?;
            for other in others {
                facts.append(&mut other.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault))?);
            }
            Ok::<_, StoreError>(facts)
        })?;
        for (changed, facts) in chunk.iter().zip(facts) {
            let id = match changed {
                Changed::Session(id) => id.as_str(),
                Changed::Run(id) => id.as_str(),
            };
            for (kind, facts) in facts {
                enter(map, kind, id, facts).map_err(failed)?;
            }
        }
        after(map).map_err(failed)?;
    }
    Ok(())
}

/// What the catalogue keeps of a record: for each of its kinds its facts, or `None` where it is not of the kind.
type FactsByKind = Vec<(Kind, Option<Facts>)>;

/// Reads what the catalogue keeps of each record.
fn read_facts(store: &Store, records: &[Changed]) -> Result<Vec<FactsByKind>, StoreError> {
    let mut facts = Vec::with_capacity(records.len());
    for batch in records.chunks(READ_BATCH) {
        facts.extend(store.read(|view| batch.iter().map(|changed| facts_of(view, changed)).collect::<Vec<_>>())?);
    }
    Ok(facts)
}

fn facts_of(view: &View<'_>, changed: &Changed) -> FactsByKind {
    match changed {
        Changed::Session(id) => {
            let [session, archived, trashed] = facts_of_session(view, id);
            vec![(Kind::Session, session), (Kind::Archived, archived), (Kind::Trashed, trashed)]
        }
        Changed::Run(id) => {
            let facts = match view.run(id) {
                Reading::Live(run) | Reading::Archived(run) => Some(Facts::of_run(&run)),
                Reading::Unreadable => Some(Facts::of_unreadable()),
                Reading::Absent | Reading::Deleted => None,
            };
            vec![(Kind::Run, facts)]
        }
    }
}

/// Returns the facts of a session as a session, as an archived one, and as one in the trash.
fn facts_of_session(view: &View<'_>, id: &SessionId) -> [Option<Facts>; 3] {
    match view.find_session(id) {
        Ok(None) => [None, None, None],
        Ok(Some((Location::Live, session))) => [Some(Facts::of_session(&session)), None, None],
        Ok(Some((Location::Archive, session))) => {
            let ended_at = session.ended.as_ref().map_or(&session.updated, |end| &end.at);
            [Some(Facts::of_session(&session)), Some(Facts::of_expiring(ended_at)), None]
        }
        Ok(Some((Location::Trash, session))) => [None, None, Some(Facts::of_expiring(&session.updated))],
        // Nobody knows when it expires, so that whoever looks for such sessions finds it too.
        Err(_) => [Some(Facts::of_unreadable()), Some(Facts::of_unreadable()), None],
    }
}

/// Enters a record under its keys, and takes it from those that it had.
fn enter(map: &mut LayeredMap, kind: Kind, id: &str, facts: Option<Facts>) -> io::Result<()> {
    let key = facts_key(kind, id);
    let known = map.get(&key)?.map(|bytes| serde_json::from_slice::<Facts>(&bytes)).transpose()?;
    if known == facts {
        return Ok(());
    }
    for key in known.iter().flat_map(|known| known.keys(kind, id)) {
        map.remove(key);
    }
    match facts {
        None => map.remove(key),
        Some(facts) => {
            map.put(key, serde_json::to_vec(&facts)?);
            facts.keys(kind, id).for_each(|key| map.put(key, Vec::new()));
        }
    }
    Ok(())
}
