//! A session on its way through archive and trash, interrupted after every step. It is always in one location, together
//! with its log.

use std::path::Path;

use agent_baton_core::decision::{Change, Location, Record};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::session::{Ended, Session};

use crate::fixtures::*;
use crate::wal::plan::{CommitPlan, Edit};
use crate::wal::recover::Recovery;
use crate::wal::write::PreparedCommit;
use crate::{AuditAction, AuditLine, CommitError, LockedStore, Store, Transaction, file};

const LOCATIONS: [(Location, &str); 3] =
    [(Location::Live, "sessions"), (Location::Archive, "archive/sessions"), (Location::Trash, "trash/sessions")];

/// What a commit does with `a`.
#[derive(Debug, Clone, Copy)]
enum Commit {
    Move(Location, Reason),
    WriteTombstone,
    Remove,
}

/// Returns a world with session `a` in a location, ended for this reason, with a log and kept messages.
fn standing(on: Location, reason: Reason) -> World {
    let world = world();
    let mut locked = lock(&world.store);
    put(&mut locked, vec![live_session(session("a", 1)), live_session(session("b", 2))]).unwrap();
    std::fs::write(world.store.path().join("sessions/a.log"), "log\n").unwrap();
    let conversation = world.store.layout.conversation(&id("a"));
    std::fs::create_dir_all(&conversation).unwrap();
    std::fs::write(conversation.join("messages.jsonl"), "{}\n").unwrap();
    if on != Location::Live {
        put(&mut locked, vec![over(on, reason)]).unwrap();
    }
    drop(locked);
    world
}

fn over(to: Location, reason: Reason) -> (Record, Location) {
    let mut session = session("a", 1);
    session.ended = Some(Ended { at: stamp(3), reason });
    (Record::Session(Box::new(session)), to)
}

fn line() -> AuditLine {
    audit_line(9, &stamp(7))
}

/// Prepares the commit.
fn plan(locked: &mut LockedStore<'_>, commit: Commit) -> PreparedCommit {
    locked.store.layout.make_trash_dirs().unwrap();
    let revision = locked.view().find_session(&id("a")).unwrap().unwrap().1.revision;
    let change = |to, reason| {
        let (mut record, _) = over(to, reason);
        if let Record::Session(session) = &mut record {
            session.revision = revision + 1;
        }
        Change { before: Some(revision), to, record }
    };
    match commit {
        Commit::Move(to, reason) => locked.plan(&edits(&[change(to, reason)]), &stamp(7), line()).unwrap(),
        Commit::WriteTombstone => {
            let tombstone = change(Location::Trash, Reason::Deleted);
            locked.plan(&[Edit::WriteTombstone(&tombstone)], &stamp(7), line()).unwrap()
        }
        Commit::Remove => {
            let id = id("a");
            let removal = |revision| CommitPlan::new(&locked.store.layout, &[Edit::Remove { id: &id, revision }]);
            assert!(matches!(removal(revision + 1), Err(CommitError::Moved { .. })));
            removal(revision).unwrap().commit("machine", &stamp(7), line()).unwrap()
        }
    }
}

/// Returns the locations that contain a file of `a`.
fn places(root: &Path, ending: &str) -> Vec<Location> {
    let there = |(_, dir): &&(Location, &str)| root.join(dir).join(format!("a.{ending}")).exists();
    LOCATIONS.iter().filter(there).map(|(location, _)| *location).collect()
}

type Seen = (Reading<Session>, Option<(Location, Session)>, Vec<usize>);

fn seen(store: &Store) -> Seen {
    let listed = LOCATIONS.map(|(location, _)| store.sessions(location).unwrap().len());
    let found = store.read(|view| view.find_session(&id("a"))).unwrap().unwrap();
    (read_session(store, "a"), found, listed.into())
}

fn check(from: (Location, Reason), to: Commit) {
    let whole = standing(from.0, from.1);
    let commit = plan(&mut lock(&whole.store), to);
    assert!(commit.run(&whole.store.layout, &stamp(7), &mut Vec::new()).is_ok());
    let after = seen(&whole.store);
    let (to_locations, keeps_messages) = match to {
        Commit::Move(location, _) => (vec![location], true),
        Commit::WriteTombstone => (vec![Location::Trash], false),
        Commit::Remove => (Vec::new(), false),
    };
    assert_eq!(places(whole.store.path(), "json"), to_locations);
    assert_eq!(places(whole.store.path(), "log"), to_locations);
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
            let mut recovery = Recovery::new(&world.store.layout, &commit.wal, &at, &mut reports);
            for step in Recovery::steps(&commit.wal).into_iter().take(cut.saturating_sub(prepared)) {
                recovery.step(step).unwrap();
            }
        }
        let expected = if cut < prepared { &before } else { &after };
        assert_eq!(&seen(&world.store), expected, "a reader after step {cut} of {from:?} to {to:?}");
        let mut locked = lock(&world.store);
        assert_eq!(locked.take_reports(), [""; 0], "step {cut}");
        drop(locked);
        assert_eq!(&seen(&world.store), expected, "after the recovery of step {cut}");
        let stands = if cut < prepared { vec![from.0] } else { to_locations.clone() };
        assert_eq!(places(&root, "json"), stands, "step {cut}");
        assert_eq!(places(&root, "log"), stands, "step {cut}");
        let messages = world.store.has_conversation(&id("a")).unwrap();
        assert_eq!(messages, cut < prepared || keeps_messages, "step {cut} of {to:?}");
        if cut >= prepared {
            assert_eq!(file::list_names(&root.join("index/expiry")).unwrap(), due, "step {cut}");
        }
    }
}

#[test]
fn what_expires_is_archived_then_trashed_then_gone() {
    check((Location::Live, Reason::Ended), Commit::Move(Location::Archive, Reason::Ended));
    check((Location::Archive, Reason::Ended), Commit::Move(Location::Trash, Reason::Ended));
    check((Location::Trash, Reason::Ended), Commit::Remove);
    check((Location::Trash, Reason::Deleted), Commit::WriteTombstone);
}

#[test]
fn what_is_deleted_is_restored() {
    check((Location::Live, Reason::Ended), Commit::Move(Location::Trash, Reason::Deleted));
    check((Location::Archive, Reason::Superseded), Commit::Move(Location::Trash, Reason::Deleted));
    check((Location::Trash, Reason::Deleted), Commit::Move(Location::Live, Reason::Restored));
    check((Location::Archive, Reason::Superseded), Commit::Move(Location::Live, Reason::Restored));
}

#[test]
fn in_the_trash_only_what_a_user_deleted_is_a_tombstone() {
    let expired = standing(Location::Trash, Reason::Ended);
    assert!(matches!(read_session(&expired.store, "a"), Reading::Archived(_)));
    let deleted = standing(Location::Trash, Reason::Deleted);
    assert_eq!(read_session(&deleted.store, "a"), Reading::Deleted);
    // A transaction that treats the session as new does not overwrite the tombstone.
    let (mut locked, at) = (lock(&deleted.store), stamp(5));
    let mut transaction = Transaction::begin(&mut locked, AuditAction::SessionDiscovered, &at);
    transaction.insert_session(session("a", 1), Location::Live);
    assert!(matches!(transaction.commit(), Err(CommitError::Moved { decided: None, found: Some(_), .. })));
    drop(locked);
    assert_eq!(read_session(&deleted.store, "a"), Reading::Deleted);
}

#[test]
fn the_days_say_what_is_due_without_listing_what_is_in_the_trash() {
    let day = 24 * 60 * 60 * 1000;
    let world = standing(Location::Archive, Reason::Ended);
    let due = |location, days: u64| world.store.oldest_expiry_bucket(location, day, &stamp(days * day)).unwrap();
    assert_eq!(due(Location::Archive, 0), None);
    assert_eq!(due(Location::Trash, 10), None);
    let found = due(Location::Archive, 3).unwrap();
    assert_eq!(found.sessions, [id("a")]);
    let locked = lock(&world.store);
    locked.mark_processed(&found, 1).unwrap();
    assert_eq!(due(Location::Archive, 3), None);
}
