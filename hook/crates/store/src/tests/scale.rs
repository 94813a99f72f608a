//! A large state directory is recovered with few syncs, in as many calls as it needs.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use agent_baton_core::decision::Location;
use agent_baton_core::request::Reading;

use crate::file::sync_count;
use crate::fixtures::*;
use crate::{LockError, Store, StoreError, file};

const SESSIONS: u32 = 1000;
const RUNS: u32 = 300;

/// Returns a copy of a state directory with this many sessions, each in its own process and pane, and this many
/// unfinished runs. Its index is missing.
fn copied() -> World {
    let world = world();
    drop(lock(&world.store));
    let at = |name: String| world.store.path().join(name);
    for n in 1..=SESSIONS {
        let mut session = session(&format!("s{n}"), n);
        session.runs = (n <= RUNS).then(|| id(&format!("r{n}"))).into_iter().collect();
        fs::write(at(format!("sessions/s{n}.json")), serde_json::to_vec(&session).unwrap()).unwrap();
        if n <= RUNS {
            let run = run(&format!("r{n}"), &format!("s{n}"), n);
            fs::write(at(format!("runs/r{n}.json")), serde_json::to_vec(&run).unwrap()).unwrap();
        }
    }
    fs::remove_file(at("index/complete".into())).unwrap();
    // The old lock file is kept, so that the new one has another inode.
    fs::rename(at("lock".into()), at("lock.old".into())).unwrap();
    sync_count::take();
    sync_count::take_syncfs();
    world
}

/// Returns every fence with the number of runs that have it.
fn fences(store: &Store) -> BTreeMap<u64, usize> {
    let mut fences = BTreeMap::new();
    for run in store.runs(Location::Live).unwrap() {
        let Reading::Live(run) = read_run(store, run.as_str()) else { panic!("{run}") };
        *fences.entry(run.fence.0).or_default() += 1;
    }
    fences
}

/// Asserts that every session is found by its process.
fn is_indexed(store: &Store) {
    for n in 1..=SESSIONS {
        let found = store.read(|view| view.by_process(&process(n))).unwrap().unwrap();
        assert_eq!(found, [id(&format!("s{n}"))]);
    }
}

/// Acquires the lock repeatedly with an expired deadline, and returns the number of calls until recovery is complete.
fn in_a_hurry(store: &Store) -> usize {
    for call in 1..1000 {
        match store.lock(Instant::now(), &stamp(1)) {
            Ok(_) => return call,
            Err(LockError::Store(StoreError::RecoveryIncomplete { .. })) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("recovery never completes");
}

#[test]
fn a_state_with_much_in_it_is_brought_into_order_by_few_syncs() {
    let world = copied();
    let mut locked = lock(&world.store);
    let (done, reports) = (sync_count::take(), locked.take_reports());
    drop(locked);
    assert!(done < 60, "{done} syncs");
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!(fences(&world.store), BTreeMap::from([(1001, RUNS as usize)]));
    is_indexed(&world.store);
    drop(lock(&world.store));
    assert_eq!(sync_count::take(), 0, "nothing is left to do");
}

#[test]
fn calls_without_time_to_spare_go_on_where_the_one_before_left_off() {
    let world = copied();
    let calls = in_a_hurry(&world.store);
    assert!((4..100).contains(&calls), "{calls}");
    assert_eq!(fences(&world.store), BTreeMap::from([(1001, RUNS as usize)]), "each number grew once");
    is_indexed(&world.store);
}

#[test]
fn a_call_killed_while_it_raises_the_numbers_leaves_none_behind() {
    let world = copied();
    let format = world.store.path().join("format");
    let before = fs::read(&format).unwrap();
    assert!(world.store.lock(Instant::now(), &stamp(1)).is_err());
    let once = fences(&world.store);
    assert_eq!(
        once,
        BTreeMap::from([(1, 200), (1001, 100)]),
        "some are bump_progress, and the state does not count as in order"
    );
    // The call was killed before it recorded its progress. Raising those fences once more is harmless.
    fs::write(&format, &before).unwrap();
    in_a_hurry(&world.store);
    assert_eq!(fences(&world.store), BTreeMap::from([(1001, 200), (2001, 100)]));

    // The progress of another copy does not apply to this one.
    fs::rename(world.store.path().join("lock"), world.store.path().join("lock.older")).unwrap();
    assert!(world.store.lock(Instant::now(), &stamp(1)).is_err());
    fs::rename(world.store.path().join("lock"), world.store.path().join("lock.oldest")).unwrap();
    in_a_hurry(&world.store);
    let all: Vec<u64> = fences(&world.store).into_keys().collect();
    assert!(all.iter().all(|fence| *fence >= 2001), "{all:?}");
}

#[test]
fn a_rebuild_that_was_cut_off_leaves_what_is_right() {
    let world = copied();
    in_a_hurry(&world.store);
    let whole = world.store.path().join("index/complete");
    let stamps = || -> BTreeMap<String, std::time::SystemTime> {
        let index = world.store.path().join("index");
        let names = file::list_names(&index).unwrap().into_iter().filter(|name| name != "complete" && name != "expiry");
        names.map(|name| (name.clone(), fs::metadata(index.join(name)).unwrap().modified().unwrap())).collect()
    };
    let before = stamps();
    fs::remove_file(&whole).unwrap();
    drop(lock(&world.store));
    assert_eq!(stamps(), before);
    assert!(whole.exists());
}

#[test]
fn the_first_event_of_a_state_syncs_its_files_one_by_one() {
    let world = world();
    sync_count::take();
    sync_count::take_syncfs();
    let mut locked = lock(&world.store);
    put(&mut locked, vec![live_session(session("s", 1)), live_run(run("r", "s", 1))]).unwrap();
    assert_eq!(sync_count::take_syncfs(), 0);
    assert!(sync_count::take() > 0);
    drop(locked);
    // Rebuilding a small index does not sync the file system either.
    fs::remove_file(world.store.path().join("index/complete")).unwrap();
    drop(lock(&world.store));
    assert_eq!(sync_count::take_syncfs(), 0);
}
