//! The index follows from the records and can be rebuilt from them.

use std::collections::BTreeMap;
use std::fs;

use agent_baton_core::decision::{Location, Record};
use agent_baton_core::pane::Pane;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::run::Status;
use agent_baton_core::session::Ended;
use serde_json::Value;

use crate::fixtures::*;
use crate::{LockedStore, Store, StoreError};

fn by_process(store: &Store, pid: u32) -> Vec<String> {
    let found = store.read(|view| view.by_process(&process(pid))).unwrap();
    found.unwrap().iter().map(ToString::to_string).collect()
}

fn by_pane(store: &Store, n: u32) -> Vec<String> {
    let found = store.read(|view| view.by_pane(&pane(n))).unwrap();
    found.unwrap().iter().map(ToString::to_string).collect()
}

fn project(store: &Store) -> (usize, usize) {
    let found = store.read(|view| view.project("/work/project")).unwrap().unwrap();
    (found.sessions.len(), found.runs.len())
}

fn fill(locked: &mut LockedStore<'_>) {
    put(locked, vec![live_session(session("a", 1))]).unwrap();
    let mut b = session("b", 1);
    b.launches.push(launch(2));
    b.launches[0].started = stamp(50);
    put(locked, vec![live_session(b), live_run(run("r", "a", 1))]).unwrap();
}

#[test]
fn links_come_and_go_with_the_records() {
    let world = world();
    let mut locked = lock(&world.store);
    fill(&mut locked);
    assert_eq!(by_process(&world.store, 1), ["a", "b"]);
    assert_eq!(by_process(&world.store, 2), ["b"]);
    assert_eq!(by_pane(&world.store, 2), ["b"]);
    assert_eq!(by_process(&world.store, 3), [""; 0]);
    assert_eq!(project(&world.store), (2, 1));
    let unknown = world.store.read(|view| view.by_pane(&Pane::Unknown)).unwrap();
    assert_eq!(unknown.unwrap(), []);

    // The session was announced again, so it is the newest of its process.
    let mut a = session("a", 1);
    a.launches[0].started = stamp(99);
    put(&mut locked, vec![live_session(a.clone())]).unwrap();
    assert_eq!(by_process(&world.store, 1), ["b", "a"]);

    // An ended session is still found by its process and pane, but not by its project.
    let end = Ended { at: stamp(100), reason: Reason::Ended };
    a.launches[0].ended = Some(end.clone());
    a.ended = Some(end);
    put(&mut locked, vec![live_session(a.clone()), archived_run(run("r", "a", 1), Status::Done)]).unwrap();
    assert_eq!(by_process(&world.store, 1), ["b", "a"]);
    assert_eq!(project(&world.store), (1, 0));

    // A superseded session is found only by its id.
    put(&mut locked, vec![(Record::Session(Box::new(a)), Location::Archive)]).unwrap();
    assert_eq!(by_process(&world.store, 1), ["b"]);
    assert!(matches!(read_session(&world.store, "a"), Reading::Archived(_)));
}

/// Returns the index files without their revisions.
fn index(store: &Store) -> BTreeMap<String, Value> {
    let mut files = BTreeMap::new();
    for dir in ["index", "projects"] {
        for entry in fs::read_dir(store.path().join(dir)).unwrap() {
            let path = entry.unwrap().path();
            let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap_or_default();
            if let Some(object) = value.as_object_mut() {
                object.remove("revision");
            }
            files.insert(path.display().to_string(), value);
        }
    }
    files
}

#[test]
fn it_is_rebuilt_when_it_is_not_whole() {
    let world = world();
    fill(&mut lock(&world.store));
    let good = index(&world.store);
    assert_eq!(good.len(), 6, "{good:?}");
    fs::remove_dir_all(world.store.path().join("index")).unwrap();
    fs::write(world.store.path().join("projects/stray.json"), "x").unwrap();
    let lost = world.store.read(|view| view.by_process(&process(1))).unwrap();
    assert!(matches!(lost, Err(StoreError::IndexMissing { .. })));
    drop(lock(&world.store));
    assert_eq!(index(&world.store), good);
}

#[test]
fn a_damaged_file_is_not_taken_for_an_empty_one_and_the_next_commit_mends_it() {
    let world = world();
    fill(&mut lock(&world.store));
    let good = index(&world.store);
    let files: Vec<_> = good.keys().filter(|name| !name.ends_with("whole")).collect();
    for (name, text) in files.iter().zip(["", "{}", "{\"key\":\"other\",\"revision\":1}"].iter().cycle()) {
        fs::write(name, text).unwrap();
    }
    let damaged = world.store.read(|view| view.by_process(&process(1))).unwrap();
    assert!(matches!(damaged, Err(StoreError::IndexMissing { .. })));
    let mut again = session("a", 1);
    again.launches[0].pane = Pane::Unknown;
    put(&mut lock(&world.store), vec![live_session(again)]).unwrap();
    put(&mut lock(&world.store), vec![live_session(session("a", 1))]).unwrap();
    assert_eq!(by_pane(&world.store, 1), ["b", "a"]);
    assert_eq!(index(&world.store).len(), good.len());
}

#[test]
fn the_lists_are_bounded_and_keep_the_newest() {
    let world = world();
    let mut locked = lock(&world.store);
    let all: Vec<String> = (0..20).map(|n| format!("s{n:02}")).collect();
    for half in all.chunks(10) {
        let records = half.iter().map(|name| live_session(session(name, 1))).collect();
        put(&mut locked, records).unwrap();
    }
    assert_eq!(by_process(&world.store, 1), all[4..]);
    assert_eq!(project(&world.store), (20, 0));
}
