//! Logs and the inbox.

use std::fs;

use agent_baton_core::event::EventName;
use agent_baton_core::fence::Fence;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::NotificationId;
use agent_baton_core::timestamp::Timestamp;

use crate::fixtures::*;
use crate::{DeliveryAck, Heartbeat, INBOX_BATCH, LONG_LOG_BYTES, LogLine, RECENT_LOG_BYTES, Store, StoreError};

fn heartbeat(n: u64, digest: &str) -> LogLine {
    LogLine::Heartbeat(Heartbeat {
        at: stamp(n),
        n,
        event: EventName::UserPromptSubmit,
        continuation: None,
        question: None,
        digest: digest.into(),
        prompt_id: None,
        process: process(1),
        took_us: None,
    })
}

fn notification_id() -> NotificationId {
    NotificationId { run: id("r"), fence: Fence(2), reason: Reason::ResumedSameSession, revision: None }
}

fn with_session() -> World {
    let world = world();
    put(&mut lock(&world.store), vec![live_session(session("s", 1))]).unwrap();
    world
}

#[test]
fn lines_come_back_in_order_with_the_next_number() {
    let world = with_session();
    let s = id("s");
    assert_eq!(world.store.tail(&s, LONG_LOG_BYTES).unwrap().next_n(), 1);
    world.store.append(&s, &heartbeat(1, "one")).unwrap();
    world
        .store
        .append(&s, &LogLine::Delivered(DeliveryAck { at: stamp(2), id: notification_id(), process: None }))
        .unwrap();
    world.store.append(&s, &heartbeat(2, "two")).unwrap();
    let tail = world.store.tail(&s, LONG_LOG_BYTES).unwrap();
    assert_eq!(tail.next_n(), 3);
    assert_eq!(tail.acknowledged(Some(&process(1))), [notification_id()]);
    let digests: Vec<_> = tail.deliveries().into_iter().map(|it| it.digest).collect();
    assert_eq!(digests, ["one", "two"]);
}

#[test]
fn torn_and_foreign_lines_spoil_no_other() {
    let world = with_session();
    let s = id("s");
    let path = world.store.path().join("sessions/s.log");
    world.store.append(&s, &heartbeat(1, "one")).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"\n{\"line\":\"tomorrow\"}\n\xff\xfe\n{\"line\":\"heartbeat\",\"at\":{\"un");
    fs::write(&path, bytes).unwrap();
    world.store.append(&s, &heartbeat(2, "two")).unwrap();
    assert_eq!(world.store.tail(&s, LONG_LOG_BYTES).unwrap().lines, [heartbeat(1, "one"), heartbeat(2, "two")]);
}

#[test]
fn the_tail_is_bounded_and_a_long_log_is_cut_by_the_next_commit() {
    let world = with_session();
    let s = id("s");
    let filler = "x".repeat(900);
    for n in 1..=80 {
        world.store.append(&s, &heartbeat(n, &filler)).unwrap();
    }
    let recent = world.store.tail(&s, RECENT_LOG_BYTES).unwrap();
    assert!(recent.is_long() && (1..=2).contains(&recent.lines.len()), "{}", recent.lines.len());
    put(&mut lock(&world.store), vec![live_session(session("s", 1))]).unwrap();
    let cut = world.store.tail(&s, LONG_LOG_BYTES).unwrap();
    assert!(cut.lines.ends_with(&recent.lines) && cut.lines.len() > recent.lines.len());
    assert!(!cut.is_long() && cut.size <= LONG_LOG_BYTES / 2, "{}", cut.size);
    assert_eq!(cut.next_n(), 81);
}

#[test]
fn a_line_that_is_too_long_is_refused() {
    let world = with_session();
    let refused = world.store.append(&id("s"), &heartbeat(1, &"x".repeat(5000)));
    assert!(matches!(refused, Err(StoreError::TooLong { .. })));
    assert_eq!(world.store.tail(&id("s"), LONG_LOG_BYTES).unwrap().lines, []);
}

fn at(boot: &str, boot_ms: u64, unix_ms: u64) -> Timestamp {
    Timestamp { unix_ms, boot: boot.into(), boot_ms }
}

fn come(store: &Store, digest: &str, at: &Timestamp) {
    store.inbox_add(&event(EventName::SessionStart, "s", digest), at).unwrap();
}

#[test]
fn events_wait_in_the_order_of_this_boot_after_those_of_earlier_ones() {
    let world = with_session();
    // The wall clock was set back between the second and the third event.
    come(&world.store, "third", &at("boot", 300, 50));
    come(&world.store, "second", &at("boot", 200, 9000));
    come(&world.store, "earlier", &at("old boot", 999, 8000));
    come(&world.store, "earliest", &at("old boot", 5000, 7000));
    assert!(world.store.pending().unwrap().inbox);
    let mut locked = lock(&world.store);
    let taken = locked.inbox_next_batch(&stamp(400)).unwrap();
    let digests: Vec<_> = taken.iter().map(|it| it.event.digest.as_str()).collect();
    assert_eq!(digests, ["earliest", "earlier", "second", "third"]);
    for waiting in &taken {
        assert!(world.store.pending().unwrap().inbox);
        locked.inbox_remove(waiting).unwrap();
    }
    assert!(!world.store.pending().unwrap().inbox);
    assert_eq!(locked.inbox_next_batch(&stamp(400)).unwrap(), []);
}

#[test]
fn a_call_takes_a_bounded_number_of_the_oldest() {
    let world = with_session();
    for ms in 0..20 {
        come(&world.store, &format!("{ms}"), &stamp(ms));
    }
    let mut locked = lock(&world.store);
    let taken = locked.inbox_next_batch(&stamp(400)).unwrap();
    let digests: Vec<_> = taken.iter().map(|it| it.event.digest.clone()).collect();
    assert_eq!(digests, (0..INBOX_BATCH).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn what_fails_is_quarantined_and_does_not_come_again() {
    let world = with_session();
    come(&world.store, "fails", &stamp(1));
    let inbox = world.store.path().join("inbox");
    fs::write(inbox.join("stray.json"), "{").unwrap();
    fs::create_dir(inbox.join("directory")).unwrap();
    let mut locked = lock(&world.store);
    let taken = locked.inbox_next_batch(&stamp(400)).unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(locked.take_reports().len(), 2);
    locked.inbox_quarantine(&taken[0], &stamp(400), "the core failed").unwrap();
    assert_eq!(locked.take_reports().len(), 1);
    assert!(!world.store.pending().unwrap().inbox);
    assert_eq!(fs::read_dir(world.store.path().join("quarantine")).unwrap().count(), 3);
}

#[test]
fn an_event_being_written_is_left_and_one_never_written_to_its_end_is_quarantined() {
    let world = with_session();
    let inbox = world.store.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    let path = inbox.join("x.1.tmp");
    let file = fs::File::create(&path).unwrap();
    let written = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_000_000);
    file.set_modified(written).unwrap();
    let mut locked = lock(&world.store);
    locked.inbox_next_batch(&at("boot", 0, 1_060_000)).unwrap();
    assert!(path.exists());
    locked.inbox_next_batch(&at("boot", 0, 1_060_001)).unwrap();
    assert!(!path.exists() && !world.store.pending().unwrap().inbox);
}
