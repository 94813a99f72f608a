//! A commit that is interrupted after each of its steps.

use std::collections::BTreeMap;
use std::path::Path;

use agent_baton_core::decision::{Change, Location};
use agent_baton_core::fence::Fence;
use agent_baton_core::request::Reading;
use agent_baton_core::run::{Run, Status};
use agent_baton_core::session::Session;

use crate::fixtures::*;
use crate::wal::recover::Recovery;
use crate::wal::write::PreparedCommit;
use crate::{LockedStore, Store, file};

/// Run `r` belongs to `a`. `over` is another unfinished run.
fn before() -> World {
    let world = world();
    let mut a = session("a", 1);
    a.runs = vec![id("r")];
    let records =
        vec![live_session(a), live_session(session("b", 2)), live_run(run("r", "a", 1)), live_run(run("over", "b", 2))];
    put(&mut lock(&world.store), records).unwrap();
    world
}

/// Transfers `r` from `a` to `b` and archives `over`: one commit that creates, rewrites and removes files and changes
/// the index.
fn transfer(locked: &mut LockedStore<'_>) -> PreparedCommit {
    let mut to_b = session("b", 2);
    to_b.runs = vec![id("r")];
    to_b.launches.push(launch(3));
    let mut moved = run("r", "b", 3);
    moved.fence = Fence(2);
    let records = vec![
        live_session(session("a", 1)),
        live_session(to_b),
        live_run(moved),
        archived_run(run("over", "b", 2), Status::Cancelled),
    ];
    let changes: Vec<Change> = records.into_iter().map(|(record, to)| change(&locked.view(), record, to)).collect();
    let line = audit_line(2, &stamp(7));
    locked.plan(&edits(&changes), &stamp(7), line).unwrap()
}

/// Returns the number of steps of a commit, including those of recovery.
fn count(commit: &PreparedCommit) -> usize {
    commit.prepare().len() + Recovery::steps(&commit.wal).len()
}

/// Performs the first `cut` steps of a commit, as if the program were killed then.
fn cut_off(store: &Store, commit: &PreparedCommit, cut: usize) {
    let prepare = commit.prepare();
    for step in prepare.iter().take(cut) {
        commit.step(&store.layout, *step).unwrap();
    }
    recover(store, commit, cut.saturating_sub(prepare.len()));
}

fn recover(store: &Store, commit: &PreparedCommit, cut: usize) {
    let at = stamp(7);
    let mut reports = Vec::new();
    let mut recovery = Recovery::new(&store.layout, &commit.wal, &at, &mut reports);
    for step in Recovery::steps(&commit.wal).into_iter().take(cut) {
        recovery.step(step).unwrap();
    }
    assert_eq!(reports, [""; 0]);
}

type State = (Vec<Reading<Session>>, Vec<Reading<Run>>, Vec<Vec<String>>);

/// Returns everything that a reader can see.
fn state(store: &Store) -> State {
    store
        .read(|view| {
            let names = |ids: Vec<agent_baton_core::id::SessionId>| ids.iter().map(ToString::to_string).collect();
            let project = view.project("/work/project").unwrap();
            (
                ["a", "b"].map(|name| view.session(&id(name))).into(),
                ["r", "over"].map(|name| view.run(&id(name))).into(),
                vec![
                    names(view.by_process(&process(3)).unwrap()),
                    names(view.by_pane(&pane(3)).unwrap()),
                    names(project.sessions),
                    project.runs.iter().map(ToString::to_string).collect(),
                    view.runs(Location::Live).unwrap().iter().map(ToString::to_string).collect(),
                    view.runs(Location::Archive).unwrap().iter().map(ToString::to_string).collect(),
                ],
            )
        })
        .unwrap()
}

/// Returns the bytes of every file except the lock.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if !matches!(path.file_name().unwrap().to_str(), Some("lock" | "format")) {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Returns the state after the whole commit, its files, and the number of its steps.
fn whole() -> (State, BTreeMap<String, Vec<u8>>, usize, usize) {
    let world = before();
    let mut locked = lock(&world.store);
    let commit = transfer(&mut locked);
    let mut reports = Vec::new();
    assert!(commit.run(&world.store.layout, &stamp(7), &mut reports).is_ok());
    assert_eq!(reports, [""; 0]);
    let all = count(&commit);
    let state = state(&world.store);
    (state, files(world.store.path()), commit.prepare().len(), all)
}

#[test]
fn a_commit_cut_off_anywhere_is_done_or_not_and_readers_agree_with_the_recovery() {
    let (after, after_files, prepared, all) = whole();
    assert!(all > 15, "{all}");
    for cut in 0..=all {
        let world = before();
        let before = state(&world.store);
        assert_ne!(before, after);
        {
            let mut locked = lock(&world.store);
            let commit = transfer(&mut locked);
            cut_off(&world.store, &commit, cut);
        }
        let expected = if cut < prepared { &before } else { &after };
        assert_eq!(&state(&world.store), expected, "a reader after step {cut}");
        for again in 0..2 {
            let mut locked = lock(&world.store);
            assert_eq!(locked.take_reports(), [""; 0], "step {cut}, lock {again}");
            drop(locked);
            assert_eq!(&state(&world.store), expected, "after the recovery from step {cut}");
        }
        if cut >= prepared {
            assert_eq!(files(world.store.path()), after_files, "step {cut}");
        }
    }
}

#[test]
fn a_recovery_cut_off_anywhere_is_done_again() {
    let (after, after_files, prepared, all) = whole();
    for first in prepared..all {
        for second in 0..(all - prepared) {
            let world = before();
            let mut locked = lock(&world.store);
            let commit = transfer(&mut locked);
            cut_off(&world.store, &commit, first);
            recover(&world.store, &commit, second);
            drop(locked);
            drop(lock(&world.store));
            assert_eq!(state(&world.store), after, "{first} {second}");
            assert_eq!(files(world.store.path()), after_files, "{first} {second}");
        }
    }
}

#[test]
fn a_step_that_fails_before_the_commit_holds_leaves_the_old_state_whole() {
    let (_, _, prepared, _) = whole();
    let blocks: Vec<String> = {
        let world = before();
        let new_contents = transfer(&mut lock(&world.store)).new_contents;
        let written = (0..new_contents.len()).filter(|i| new_contents[*i].is_some());
        let blocks = written.map(|i| format!("wal.{i}.tmp"));
        blocks.chain(["wal.json.tmp".into(), "wal.json".into()]).collect()
    };
    assert_eq!(blocks.len(), prepared);
    for block in blocks {
        let world = before();
        let before = state(&world.store);
        let mut locked = lock(&world.store);
        let commit = transfer(&mut locked);
        let made = world.store.path().join(&block);
        // A directory with the file's name makes every write fail, even for root.
        std::fs::create_dir_all(made.join("x")).unwrap();
        let mut reports = Vec::new();
        assert!(commit.run(&world.store.layout, &stamp(7), &mut reports).is_err(), "{block}");
        std::fs::remove_dir_all(made).unwrap();
        assert_eq!(state(&world.store), before, "{block}");
        let names = file::list_names(world.store.path()).unwrap();
        let left: Vec<_> = names.iter().filter(|name| name.contains("commit")).collect();
        // If wal.json itself cannot be removed, the new versions stay for recovery.
        assert!(left.is_empty() || block == "wal.json", "{block}: {left:?}");
        assert!(commit.run(&world.store.layout, &stamp(7), &mut reports).is_ok());
    }
}

#[test]
fn a_commit_that_cannot_be_ended_holds_and_the_next_write_ends_it() {
    let world = before();
    let mut locked = lock(&world.store);
    let audit = world.store.path().join("audit");
    let kept = world.store.path().join("kept");
    std::fs::rename(&audit, &kept).unwrap();
    std::fs::write(&audit, "in the way").unwrap();
    // The audit's last number cannot be read, so the commit fails before it writes anything.
    assert!(put(&mut locked, vec![live_session(session("a", 1))]).is_err());
    std::fs::remove_file(&audit).unwrap();
    std::fs::rename(&kept, &audit).unwrap();

    // The directory of the archive is gone, so the rename into it fails after the commit is valid.
    let runs = world.store.path().join("archive/runs");
    std::fs::remove_dir(&runs).unwrap();
    let committed = put(&mut locked, vec![archived_run(run("over", "b", 2), Status::Done)]).unwrap();
    assert!(committed.unfinished.is_some());
    assert!(world.store.pending().unwrap().commit);
    assert!(matches!(read_run(&world.store, "over"), Reading::Archived(_)));
    put(&mut locked, vec![live_session(session("a", 1))]).unwrap();
    assert!(!world.store.pending().unwrap().commit);
    assert!(matches!(read_run(&world.store, "over"), Reading::Archived(_)));
    assert!(runs.join("over.json").exists());
}

#[test]
fn temporary_files_do_not_pile_up() {
    let world = before();
    for _ in 0..5 {
        let mut locked = lock(&world.store);
        let commit = transfer(&mut locked);
        let published = commit.prepare().len() - 1;
        cut_off(&world.store, &commit, published);
    }
    let mut locked = lock(&world.store);
    let most = transfer(&mut locked).new_contents.len() + 1;
    let names = file::list_names(world.store.path()).unwrap();
    let left = names.iter().filter(|name| name.ends_with(".tmp")).count();
    assert!(left > 0 && left <= most, "{left} of {most}");
}

#[test]
fn a_commit_taken_back_and_brought_back_by_a_crash_is_not_half_done() {
    let world = before();
    let was = state(&world.store);
    let mut locked = lock(&world.store);
    let commit = transfer(&mut locked);
    cut_off(&world.store, &commit, commit.prepare().len());
    drop(locked);
    // Its writer removed wal.json and began to remove the new versions. The power failed before the first removal was
    // durable.
    std::fs::remove_file(world.store.layout.temp(1)).unwrap();
    let mut locked = lock(&world.store);
    assert_eq!(locked.take_reports().len(), 1);
    drop(locked);
    assert_eq!(state(&world.store), was);
}
