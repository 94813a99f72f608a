//! A session on its way through archive and trash, cut off after every step: it is in one place, and its log is with it.

use std::path::Path;

use agent_baton_core::decision::{Change, Record, Shelf};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::session::{End, Session};

use crate::audit::{AuditLine, AuditSubject};
use crate::fixtures::*;
use crate::wal::plan::CommitPlan;
use crate::wal::recover::Recovery;
use crate::wal::write::PreparedCommit;
use crate::{InvalidDecision, LockedStore, Store, ValidatedDecision, file};

const SHELVES: [(Shelf, &str); 3] =
    [(Shelf::Live, "sessions"), (Shelf::Archive, "archive/sessions"), (Shelf::Trash, "trash/sessions")];

/// Session `a`, over by this reason, on a shelf, with a log.
fn standing(on: Shelf, reason: Reason) -> World {
    let world = world();
    let mut locked = lock(&world.store);
    put(&mut locked, vec![live_session(session("a", 1)), live_session(session("b", 2))]).unwrap();
    std::fs::write(world.store.path().join("sessions/a.log"), "log\n").unwrap();
    if on != Shelf::Live {
        put(&mut locked, vec![over(on, reason)]).unwrap();
    }
    drop(locked);
    world
}

fn over(to: Shelf, reason: Reason) -> (Record, Shelf) {
    let mut session = session("a", 1);
    session.over = Some(End { at: stamp(3), reason });
    (Record::Session(Box::new(session)), to)
}

fn line() -> AuditLine {
    AuditLine {
        n: 9,
        at: stamp(7),
        reason: "test".into(),
        also: Vec::new(),
        asked: AuditSubject::from_action("test"),
        changes: Vec::new(),
        request: None,
        decision: None,
        left_out: false,
    }
}

/// The commit that moves `a`, or removes it for good.
fn plan(locked: &mut LockedStore<'_>, to: Option<(Shelf, Reason)>) -> PreparedCommit {
    let layout = &locked.store.layout;
    layout.make_trash_dirs().unwrap();
    let Some((to, reason)) = to else {
        let revision = locked.view().find_session(&id("a")).unwrap().unwrap().1.revision;
        let plan = CommitPlan::for_removal(layout, &[(id("a"), revision)]).unwrap();
        assert!(!plan.is_empty());
        return plan.commit("machine", &stamp(7), line()).unwrap();
    };
    let (mut record, _) = over(to, reason);
    let before = locked.view().find_session(&id("a")).unwrap().map(|(_, session)| session.revision);
    if let Record::Session(session) = &mut record {
        session.revision = before.unwrap() + 1;
    }
    locked.plan(&[Change { before, to, record }], &stamp(7), line()).unwrap()
}

/// On which shelves a file of `a` stands.
fn places(root: &Path, ending: &str) -> Vec<Shelf> {
    let there = |(_, dir): &&(Shelf, &str)| root.join(dir).join(format!("a.{ending}")).exists();
    SHELVES.iter().filter(there).map(|(shelf, _)| *shelf).collect()
}

fn seen(store: &Store) -> (Reading<Session>, Vec<usize>) {
    let listed = SHELVES.map(|(shelf, _)| store.sessions(shelf).unwrap().len());
    (read_session(store, "a"), listed.into())
}

fn check(from: (Shelf, Reason), to: Option<(Shelf, Reason)>) {
    let whole = standing(from.0, from.1);
    let commit = plan(&mut lock(&whole.store), to);
    assert!(commit.run(&whole.store.layout, &stamp(7), &mut Vec::new()).is_ok());
    let after = seen(&whole.store);
    let to_shelves: Vec<Shelf> = to.iter().map(|(shelf, _)| *shelf).collect();
    assert_eq!(places(whole.store.path(), "json"), to_shelves);
    assert_eq!(places(whole.store.path(), "log"), to_shelves);
    let due = file::list_names(&whole.store.path().join("index/expiry")).unwrap();

    let prepared = commit.prepare().len();
    let steps = prepared + Recovery::steps(&commit.wal).len();
    for cut in 0..=steps {
        let world = standing(from.0, from.1);
        let before = seen(&world.store);
        assert_ne!(before, after);
        let root = world.store.path().to_owned();
        {
            let mut locked = lock(&world.store);
            let commit = plan(&mut locked, to);
            for step in commit.prepare().into_iter().take(cut) {
                commit.step(&world.store.layout, step).unwrap();
            }
            let (at, mut reports) = (stamp(7), Vec::new());
            let mut redo = Recovery::new(&world.store.layout, &commit.wal, &at, &mut reports);
            for step in Recovery::steps(&commit.wal).into_iter().take(cut.saturating_sub(prepared)) {
                redo.step(step).unwrap();
            }
        }
        let expected = if cut < prepared { &before } else { &after };
        assert_eq!(&seen(&world.store), expected, "a reader after step {cut} of {from:?} to {to:?}");
        let mut locked = lock(&world.store);
        assert_eq!(locked.take_reports(), [""; 0], "step {cut}");
        drop(locked);
        assert_eq!(&seen(&world.store), expected, "after the redo of step {cut}");
        let stands = if cut < prepared { vec![from.0] } else { to_shelves.clone() };
        assert_eq!(places(&root, "json"), stands, "step {cut}");
        assert_eq!(places(&root, "log"), stands, "step {cut}");
        if cut >= prepared {
            assert_eq!(file::list_names(&root.join("index/expiry")).unwrap(), due, "step {cut}");
        }
    }
}

#[test]
fn what_expires_is_archived_then_trashed_then_gone() {
    check((Shelf::Live, Reason::Ended), Some((Shelf::Archive, Reason::Ended)));
    check((Shelf::Archive, Reason::Ended), Some((Shelf::Trash, Reason::Ended)));
    check((Shelf::Trash, Reason::Ended), None);
}

#[test]
fn what_is_deleted_is_restored() {
    check((Shelf::Live, Reason::Ended), Some((Shelf::Trash, Reason::Deleted)));
    check((Shelf::Archive, Reason::Superseded), Some((Shelf::Trash, Reason::Deleted)));
    check((Shelf::Trash, Reason::Deleted), Some((Shelf::Live, Reason::Restored)));
    check((Shelf::Archive, Reason::Superseded), Some((Shelf::Live, Reason::Restored)));
}

#[test]
fn in_the_trash_only_what_a_user_deleted_is_a_tombstone() {
    let expired = standing(Shelf::Trash, Reason::Ended);
    assert!(matches!(read_session(&expired.store, "a"), Reading::Archived(_)));
    let deleted = standing(Shelf::Trash, Reason::Deleted);
    assert_eq!(read_session(&deleted.store, "a"), Reading::Deleted);
    // Nothing that was decided without knowing it is written over it.
    let locked = lock(&deleted.store);
    let (record, to) = live_session(session("a", 1));
    let changes = [change(&locked.view(), record, to)];
    let snapshot = snapshot(&locked.view(), &changes);
    let refused = ValidatedDecision::for_user_edit("test", &stamp(5), &snapshot, &changes).unwrap_err();
    assert_eq!(refused, InvalidDecision::Tombstone("a".into()));
    drop(locked);
    assert_eq!(read_session(&deleted.store, "a"), Reading::Deleted);
}

#[test]
fn the_days_say_what_is_due_without_listing_what_was_put_away() {
    let day = 24 * 60 * 60 * 1000;
    let world = standing(Shelf::Archive, Reason::Ended);
    let due = |shelf, days: u64| world.store.oldest_expiry_bucket(shelf, day, &stamp(days * day)).unwrap();
    assert_eq!(due(Shelf::Archive, 0), None);
    assert_eq!(due(Shelf::Trash, 10), None);
    let found = due(Shelf::Archive, 3).unwrap();
    assert_eq!(found.sessions, [id("a")]);
    let locked = lock(&world.store);
    locked.mark_processed(&found, 1).unwrap();
    assert_eq!(due(Shelf::Archive, 3), None);
}
