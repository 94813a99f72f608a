//! Session records that change without the core.

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Location;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::session::{Ended, Session};

use crate::decision_check::MAX_CHANGES;
use crate::fixtures::*;
use crate::{AuditAction, CommitError, InvalidDecision, LockedStore, Transaction};

/// Replaces `before` with `after` in one transaction.
fn update(locked: &mut LockedStore<'_>, before: Session, after: Session) -> Result<usize, CommitError> {
    let at = stamp(7);
    let mut transaction = Transaction::begin(locked, AuditAction::SessionPinned, &at);
    transaction.update_session(before, after, Location::Live);
    transaction.commit()
}

fn insert(locked: &mut LockedStore<'_>, sessions: Vec<Session>) -> Result<usize, CommitError> {
    let at = stamp(5);
    let mut transaction = Transaction::begin(locked, AuditAction::SessionDiscovered, &at);
    for session in sessions {
        transaction.insert_session(session, Location::Live);
    }
    transaction.commit()
}

fn refused<T>(result: Result<T, CommitError>) -> Option<InvalidDecision> {
    match result {
        Err(CommitError::Refused(why)) => Some(why),
        _ => None,
    }
}

#[test]
fn a_transaction_counts_up_stamps_and_says_why() {
    let world = world();
    let mut locked = lock(&world.store);
    assert_eq!(insert(&mut locked, vec![session("a", 1), session("b", 2)]).unwrap(), 2);
    let Reading::Live(before) = locked.view().session(&id("a")) else { panic!("not there") };
    assert_eq!((before.revision, &before.updated), (1, &stamp(5)));
    let after = Session { pinned: true, ..before.clone() };
    assert_eq!(update(&mut locked, before, after).unwrap(), 1);
    let Reading::Live(found) = locked.view().session(&id("a")) else { panic!("gone") };
    assert_eq!((found.revision, &found.updated, found.pinned), (2, &stamp(7), true));
    drop(locked);
    let lines: Vec<_> = world.store.audit().unwrap().map(|line| (line.n, line.reason, line.changes.len())).collect();
    assert_eq!(lines, [(2, "session_pinned".to_owned(), 1), (1, "session_discovered".to_owned(), 2)]);
}

#[test]
fn a_transaction_without_changes_writes_nothing() {
    let world = world();
    let mut locked = lock(&world.store);
    assert_eq!(insert(&mut locked, Vec::new()).unwrap(), 0);
    drop(locked);
    assert_eq!(world.store.audit().unwrap().count(), 0);
}

#[test]
fn a_transaction_is_refused_whole() {
    let world = world();
    let mut locked = lock(&world.store);
    insert(&mut locked, vec![session("a", 1)]).unwrap();
    let Reading::Live(before) = locked.view().session(&id("a")) else { panic!("not there") };

    let other_agent = Session { agent: Agent::Codex, ..before.clone() };
    assert_eq!(refused(update(&mut locked, before.clone(), other_agent)), Some(InvalidDecision::Identity("a".into())));
    let other_birth = Session { created: stamp(3), ..before.clone() };
    assert_eq!(refused(update(&mut locked, before.clone(), other_birth)), Some(InvalidDecision::Identity("a".into())));
    let crowded = Session { launches: vec![launch(1); 129], ..before.clone() };
    assert_eq!(refused(update(&mut locked, before.clone(), crowded)), Some(InvalidDecision::TooLong("a".into())));
    let twice = insert(&mut locked, vec![session("x", 1), session("x", 1)]);
    assert_eq!(refused(twice), Some(InvalidDecision::Twice("x".into())));
    let many: Vec<Session> = (0..=MAX_CHANGES).map(|n| session(&format!("x{n}"), 1)).collect();
    assert_eq!(refused(insert(&mut locked, many)), Some(InvalidDecision::TooMany(MAX_CHANGES + 1)));

    // One of the two sessions already exists, so the other is not written either.
    let inserted = insert(&mut locked, vec![session("b", 2), session("a", 1)]);
    assert!(matches!(inserted, Err(CommitError::Moved { decided: None, found: Some(1), .. })));
    assert_eq!(locked.view().session(&id("b")), Reading::Absent);
    assert_eq!(locked.view().session(&id("a")), Reading::Live(before));
}

#[test]
fn a_session_that_changed_since_it_was_read_stays() {
    let world = world();
    let mut locked = lock(&world.store);
    insert(&mut locked, vec![session("a", 1)]).unwrap();
    let Reading::Live(old) = locked.view().session(&id("a")) else { panic!("not there") };
    update(&mut locked, old.clone(), old.clone()).unwrap();
    let stale = update(&mut locked, old.clone(), Session { pinned: true, ..old });
    assert!(matches!(stale, Err(CommitError::Moved { decided: Some(1), found: Some(2), .. })));
    assert!(matches!(read_session(&world.store, "a"), Reading::Live(it) if it.revision == 2 && !it.pinned));
}

#[test]
fn a_tombstone_goes_with_the_kept_messages() {
    let world = world();
    let mut locked = lock(&world.store);
    let mut deleted = session("a", 1);
    deleted.ended = Some(Ended { at: stamp(3), reason: Reason::Deleted });
    put(&mut locked, vec![(agent_baton_core::decision::Record::Session(Box::new(deleted)), Location::Trash)]).unwrap();
    let kept = world.store.layout.conversation(&id("a"));
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(kept.join("messages.jsonl"), "{}\n").unwrap();
    assert!(world.store.has_conversation(&id("a")).unwrap());

    let (_, before) = locked.view().find_session(&id("a")).unwrap().unwrap();
    let at = stamp(8);
    let mut transaction = Transaction::begin(&mut locked, AuditAction::TrashEmptied, &at);
    transaction.write_tombstone(before.clone(), Session { launches: Vec::new(), ..before });
    assert_eq!(transaction.commit().unwrap(), 1);
    drop(locked);
    assert!(!world.store.has_conversation(&id("a")).unwrap());
    assert_eq!(read_session(&world.store, "a"), Reading::Deleted);
}

#[test]
fn every_action_has_a_word_and_a_sentence_of_its_own() {
    let mut words: Vec<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
    for action in AuditAction::ALL {
        let (word, sentence) = (action.word(), action.sentence());
        assert!(!words.contains(&word), "{word} is taken");
        words.push(word);
        assert!(sentence.ends_with('.') && sentence.contains(' '), "{word}: {sentence:?}");
        assert_eq!(AuditAction::from_word(word), Some(*action));
    }
    assert_eq!(AuditAction::from_word("duplicate_event"), None);
}
