//! The catalogue against lists of the records, whatever happens to it in between.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::{Location, Record};
use agent_baton_core::reason::Reason;
use agent_baton_core::run::Status;
use agent_baton_core::session::{Ended, Session};
use baton_store::Store;
use baton_store::fixtures::*;
use baton_store::last_opened;

use super::{By, Catalogue, Kind};

fn open(store: &Store) -> Catalogue {
    Catalogue::open(store).unwrap()
}

fn older_than(store: &Store, kind: Kind, day: u64) -> Vec<String> {
    open(store).older_than(kind, stamp(day * DAY_MS).unix_ms).unwrap()
}

/// The milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn newest(catalogue: &Catalogue, kind: Kind, by: By<'_>) -> Vec<String> {
    catalogue.newest(kind, by, None).unwrap().map(|found| found.unwrap().id).collect()
}

/// Some 100 years.
const FUTURE_MS: u64 = 3_000_000_000_000;

/// Returns a session with these properties, drawn at random.
fn drawn(n: usize, rng: &mut fastrand::Rng) -> (Record, Location) {
    let mut it = session(&format!("{:04x}-s{n}", rng.u16(..16)), 1);
    it.id = id(&format!("s{n}"));
    it.agent = if rng.bool() { Agent::Claude } else { Agent::Codex };
    it.project = rng.bool().then(|| format!("/work/{}", rng.u8(..4)));
    it.name = rng.bool().then(|| format!("the name {}", rng.u8(..4)).try_into().unwrap());
    it.launches[0].started = stamp(rng.u64(..50) + if rng.u8(..8) == 0 { FUTURE_MS } else { 0 });
    it.headless = rng.u8(..4) == 0;
    it.pinned = rng.u8(..4) == 0;
    let reason = if rng.bool() { Reason::Superseded } else { Reason::Ended };
    it.ended = rng.bool().then(|| Ended { at: stamp(1), reason });
    let location =
        if it.ended.is_none() { Location::Live } else { [Location::Live, Location::Archive][rng.usize(..2)] };
    (Record::Session(Box::new(it)), location)
}

/// Compares what the catalogue finds with the records themselves.
fn check(store: &Store) {
    let listed = |location| store.sessions(location).unwrap().into_iter().map(move |id| (id, location));
    let mut records: Vec<(Session, Location)> = listed(Location::Live)
        .chain(listed(Location::Archive))
        .map(|(id, location)| (store.read(|view| view.session(&id)).unwrap().record().unwrap().clone(), location))
        .collect();
    let at = |it: &Session| last_opened(it).unix_ms;
    records.sort_by_key(|(it, _)| (at(it) > FUTURE_MS, std::cmp::Reverse(at(it)), it.id.clone()));
    let expected = |fits: &dyn Fn(&Session, Location) -> bool| -> Vec<String> {
        let fitting = records.iter().filter(|(it, location)| fits(it, *location));
        fitting.map(|(it, _)| it.id.to_string()).collect()
    };
    let catalogue = open(store);
    let sessions = |by: By<'_>| newest(&catalogue, Kind::Session, by);
    let superseded = |it: &Session| it.ended.as_ref().is_some_and(|end| end.reason == Reason::Superseded);
    assert_eq!(sessions(By::All), expected(&|_, _| true));
    assert_eq!(sessions(By::Shown), expected(&|it, _| !it.headless && !superseded(it)));
    assert_eq!(sessions(By::Open), expected(&|it, _| it.ended.is_none()));
    assert_eq!(sessions(By::Pinned), expected(&|it, _| it.pinned));
    assert_eq!(sessions(By::Agent(Agent::Codex)), expected(&|it, _| it.agent == Agent::Codex));
    for n in 0..4 {
        let (project, name) = (format!("/work/{n}"), format!("the name {n}"));
        assert_eq!(sessions(By::Project(&project)), expected(&|it, _| it.project.as_ref() == Some(&project)));
        let named = |it: &Session| it.name.as_ref().is_some_and(|it| it.as_str() == name);
        assert_eq!(sessions(By::Name(&name)), expected(&|it, _| named(it)));
    }
    let words = catalogue.with_text(Kind::Session, "NAM", None).unwrap().map(|found| found.unwrap().id);
    assert_eq!(words.collect::<Vec<_>>(), expected(&|it, _| it.name.is_some()));
    let ids: BTreeSet<String> = catalogue.with_prefix(Kind::Session, "s1").unwrap().into_iter().collect();
    assert_eq!(ids, expected(&|it, _| it.id.as_str().starts_with("s1")).into_iter().collect());
    let between = catalogue.between(Kind::Session, By::All, &(stamp(10).unix_ms..stamp(30).unix_ms), None).unwrap();
    let is_between = |it: &Session| (stamp(10).unix_ms..stamp(30).unix_ms).contains(&at(it));
    assert_eq!(between.map(|found| found.unwrap().id).collect::<Vec<_>>(), expected(&|it, _| is_between(it)));
    // Page by page, nothing is missed or repeated.
    let (mut paged, mut from) = (Vec::new(), None);
    loop {
        let page =
            catalogue.newest(Kind::Session, By::All, from.as_ref().map(|(at, id): &(u64, String)| (*at, id.as_str())));
        let page: Vec<_> = page.unwrap().take(3).map(Result::unwrap).collect();
        let Some(last) = page.last() else { break };
        from = Some((last.at, last.id.clone()));
        paged.extend(page.into_iter().map(|found| found.id));
    }
    assert_eq!(paged, expected(&|_, _| true));
}

/// What happens to the file between two calls.
fn disturb(store: &Store, rng: &mut fastrand::Rng) {
    let path = store.catalogue_path();
    let file = || OpenOptions::new().write(true).open(&path);
    match rng.u8(..8) {
        0 => drop(fs::remove_file(&path)),
        1 => drop(fs::write(&path, "not a database")),
        2 => drop(file().map(|file| file.set_len(5000))),
        3 => drop(file().map(|file| file.write_at(&[0xff; 4096], 0))),
        4 => drop(fs::remove_dir_all(path.parent().unwrap())),
        _ => {}
    }
}

#[test]
fn it_finds_what_is_there_whatever_happens_to_it() {
    for seed in 0..10 {
        let world = world();
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..12 {
            // Sometimes so many that they are written to the file, and more than one commit may have.
            for _ in 0..rng.usize(1..8) {
                let mut locked = lock(&world.store);
                let ids: BTreeSet<usize> = (0..rng.usize(1..20)).map(|_| rng.usize(..150)).collect();
                put(&mut locked, ids.into_iter().map(|n| drawn(n, &mut rng)).collect()).unwrap();
            }
            check(&world.store);
            disturb(&world.store, &mut rng);
            check(&world.store);
        }
    }
}

#[test]
fn what_may_expire_is_found_by_the_time_of_its_end_or_of_its_removal() {
    let world = world();
    let archived = |name: &str, day: u64| {
        let mut it = session(name, 1);
        it.ended = Some(Ended { at: stamp(day * DAY_MS), reason: Reason::Ended });
        (Record::Session(Box::new(it)), Location::Archive)
    };
    let future = FUTURE_MS / DAY_MS;
    put(&mut lock(&world.store), ["old", "new", "future"].map(|name| archived(name, 0).0).map(live).to_vec()).unwrap();
    put(&mut lock(&world.store), vec![archived("old", 1), archived("new", 3), archived("future", future)]).unwrap();
    assert_eq!(older_than(&world.store, Kind::Archived, 0), ["future"]);
    assert_eq!(older_than(&world.store, Kind::Archived, 2), ["old", "future"]);
    fs::write(world.store.path().join("archive/sessions/new.json"), "{").unwrap();
    fs::remove_file(world.store.catalogue_path()).ok();
    assert_eq!(older_than(&world.store, Kind::Archived, 2), ["new", "old", "future"]);
    fs::create_dir_all(world.store.path().join("trash/sessions")).unwrap();
    let Record::Session(mut it) = archived("old", 1).0 else { panic!() };
    it.updated = stamp(5 * DAY_MS);
    put(&mut lock(&world.store), vec![(Record::Session(it), Location::Trash)]).unwrap();
    assert_eq!(older_than(&world.store, Kind::Archived, 2), ["new", "future"]);
    assert_eq!(older_than(&world.store, Kind::Trashed, 4), [] as [&str; 0]);
    assert_eq!(older_than(&world.store, Kind::Trashed, 6), ["old"]);
}

fn live(record: Record) -> (Record, Location) {
    (record, Location::Live)
}

#[test]
fn runs_are_found_by_name_newest_first() {
    let world = world();
    let mut locked = lock(&world.store);
    let (mut old, mut new) = (run("r1", "s", 1), run("r2", "s", 1));
    (old.created, new.created) = (stamp(1), stamp(2));
    put(
        &mut locked,
        vec![archived_run(old, Status::Done), archived_run(new, Status::Done), live_run(run("r3", "s", 1))],
    )
    .unwrap();
    drop(locked);
    let catalogue = open(&world.store);
    assert_eq!(newest(&catalogue, Kind::Run, By::Name("a run")), ["r2", "r1", "r3"]);
    assert_eq!(newest(&catalogue, Kind::Run, By::Open), ["r3"]);
    assert_eq!(catalogue.with_prefix(Kind::Run, "r").unwrap(), ["r1", "r2", "r3"]);
}

#[test]
fn a_record_that_cannot_be_read_is_found_first() {
    let world = world();
    put(&mut lock(&world.store), vec![live_session(session("a", 1)), live_session(session("b", 2))]).unwrap();
    fs::write(world.store.path().join("sessions/a.json"), "{").unwrap();
    assert_eq!(newest(&open(&world.store), Kind::Session, By::Open), ["a", "b"]);
}

#[test]
fn a_deleted_session_is_not_found() {
    let world = world();
    put(&mut lock(&world.store), vec![live_session(session("a", 1))]).unwrap();
    assert_eq!(newest(&open(&world.store), Kind::Session, By::All), ["a"]);
    fs::create_dir_all(world.store.path().join("trash/sessions")).unwrap();
    let trashed = (Record::Session(Box::new(session("a", 1))), Location::Trash);
    put(&mut lock(&world.store), vec![trashed]).unwrap();
    assert_eq!(newest(&open(&world.store), Kind::Session, By::All), [] as [&str; 0]);
}

#[test]
fn where_nothing_can_be_written_it_is_kept_in_memory() {
    let world = world();
    for n in 0..100 {
        put(&mut lock(&world.store), vec![live_session(session(&format!("s{n:02}"), n + 1))]).unwrap();
    }
    // A file where the directory would be stands for a file system that is read-only, which root does not notice.
    fs::write(world.store.path().join("cache"), "").unwrap();
    fs::set_permissions(world.store.path().join("cache"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(newest(&open(&world.store), Kind::Session, By::All).len(), 100);
    assert!(!world.store.catalogue_path().exists());
}

#[test]
fn what_a_killed_call_wrote_is_not_believed() {
    let world = world();
    put(&mut lock(&world.store), vec![live_session(session("a", 1))]).unwrap();
    drop(open(&world.store));
    world.store.make_cache_dir().unwrap();
    // The file as it is before the head is written: with an entry, and without a head.
    let path = world.store.catalogue_path();
    let mut map = super::layered_map::LayeredMap::open_exclusive(&path).unwrap();
    map.clear();
    map.put(super::keys::facts_key(Kind::Session, "ghost"), b"{}".to_vec());
    map.write().unwrap();
    drop(map);
    assert_eq!(open(&world.store).with_prefix(Kind::Session, "").unwrap(), ["a"]);
}
