use agent_baton_core::decision::{Location, Record};
use agent_baton_core::event::EventName;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::session::{Ended, Session};

use super::*;
use crate::config::Retention;
use crate::liveness::LivenessCheck;
use baton_agents::AgentInspector;
use baton_catalogue::Catalogue;
use baton_store::fixtures::*;
use baton_store::{Heartbeat, LogLine, MAX_CHANGES};
use baton_system::linux::Linux;
use baton_system::{CurrentProcess, System};

mod model;

const DAY: u64 = 24 * 60 * 60 * 1000;
const NONE: &[(&str, &str)] = &[];

fn here() -> CurrentProcess {
    CurrentProcess { place: place(), ..Linux.current_process().unwrap() }
}

/// Calls `with` with a sweep at the end of that day.
fn at<T>(world: &World, day: u64, policy: &Retention, with: impl FnOnce(&Sweep<'_>) -> T) -> T {
    let here = here();
    let liveness = LivenessCheck::new(&AgentInspector::new(&Linux, &NONE, &here));
    with(&Sweep { store: &world.store, liveness: &liveness, policy, now: stamp(day * DAY) })
}

fn plan(sweep: &Sweep<'_>) -> SweepPlan {
    sweep.plan(&Catalogue::open(sweep.store).unwrap()).unwrap()
}

/// Does a complete `baton gc` on a day, and returns its steps.
fn gc(world: &World, day: u64, policy: &Retention) -> Vec<(String, SweepAction, ExpiryReason)> {
    at(world, day, policy, |sweep| {
        let found = plan(sweep);
        let done = sweep.apply(&mut lock(&world.store), &found.steps).unwrap();
        assert_eq!(done, found.steps.len());
        found.steps.iter().map(|step| (step.session.id.to_string(), step.action, step.reason)).collect()
    })
}

/// Returns a session that ended on that day and whose process is gone.
fn over(name: &str, day: u64) -> Session {
    let mut session = session(name, 0);
    session.ended = Some(Ended { at: stamp(day * DAY), reason: Reason::Ended });
    session
}

fn world_with(sessions: Vec<Session>) -> World {
    let world = world();
    for sessions in sessions.chunks(MAX_CHANGES) {
        put(&mut lock(&world.store), sessions.iter().cloned().map(live_session).collect()).unwrap();
    }
    world
}

fn counts(world: &World) -> [usize; 3] {
    [Location::Live, Location::Archive, Location::Trash].map(|location| world.store.sessions(location).unwrap().len())
}

#[test]
fn a_session_goes_through_archive_and_trash_each_in_its_time() {
    let (world, policy) = (world_with(vec![over("a", 1)]), Retention::default());
    assert_eq!(gc(&world, 91, &policy), []);
    assert_eq!(gc(&world, 92, &policy), [("a".into(), SweepAction::Archive, ExpiryReason::Age)]);
    assert_eq!(gc(&world, 92, &policy), [("a".into(), SweepAction::Trash, ExpiryReason::Age)]);
    assert_eq!(gc(&world, 100, &policy), []);
    assert_eq!(gc(&world, 101, &policy), [("a".into(), SweepAction::Remove, ExpiryReason::TrashAge)]);
    assert_eq!(counts(&world), [0, 0, 0]);
    assert_eq!(read_session(&world.store, "a"), Reading::Absent);
    let reasons: Vec<String> = world.store.audit().unwrap().take(3).map(|line| line.reason).collect();
    assert_eq!(reasons, ["trash_emptied", "expired_by_age", "expired_by_age"]);
}

#[test]
fn what_one_process_was_seen_to_do_last_counts_and_not_when_its_record_was_written() {
    let mut lost = session("a", 0);
    lost.ended = None;
    let world = world_with(vec![lost]);
    let beat = LogLine::Heartbeat(Heartbeat {
        at: stamp(50 * DAY),
        n: 1,
        event: EventName::Stop,
        digest: "d".into(),
        prompt_id: None,
        process: process(0),
        question: None,
        continuation: None,
        took_us: None,
    });
    world.store.append(&id("a"), &beat).unwrap();
    let policy = Retention::default();
    assert_eq!(gc(&world, 140, &policy), []);
    assert_eq!(gc(&world, 141, &policy), [("a".into(), SweepAction::Archive, ExpiryReason::Age)]);
    let Reading::Archived(session) = read_session(&world.store, "a") else { panic!() };
    assert_eq!(session.ended, Some(Ended { at: stamp(50 * DAY), reason: Reason::Expired }));
}

#[test]
fn what_changed_since_it_was_judged_is_left() {
    let (world, policy) = (world_with(vec![over("a", 1), over("b", 1)]), Retention::default());
    at(&world, 200, &policy, |sweep| {
        let found = plan(sweep);
        assert_eq!(found.steps.len(), 2);
        let mut back = over("a", 1);
        back.ended = None;
        put(&mut lock(&world.store), vec![live_session(back)]).unwrap();
        assert_eq!(sweep.apply(&mut lock(&world.store), &found.steps).unwrap(), 1);
    });
    assert_eq!(counts(&world), [1, 1, 0]);
}

#[test]
fn a_record_that_cannot_be_read_stops_nothing_and_stays() {
    let (world, policy) = (world_with(vec![over("a", 1), over("b", 1)]), Retention::default());
    let path = world.store.path().join("sessions/a.json");
    std::fs::write(&path, "[]").unwrap();
    at(&world, 200, &policy, |sweep| assert_eq!(plan(sweep).unreadable.len(), 1));
    assert_eq!(gc(&world, 200, &policy).len(), 1);
    assert_eq!(std::fs::read(&path).unwrap(), b"[]");
}

#[test]
fn shares_do_what_a_whole_pass_does_a_few_at_a_time() {
    let sessions = (0..40).map(|i| over(&format!("s{i:02}"), 1 + i)).collect();
    let world = world_with(sessions);
    let policy = Retention { sessions: 4, ..Retention::default() };
    let shares = |day: u64| {
        let mut each = Vec::new();
        loop {
            let done = at(&world, day, &policy, |sweep| run_incremental(sweep).unwrap());
            each.push(done);
            if done == 0 {
                return each;
            }
        }
    };
    assert_eq!(shares(41), [16, 16, 4, 0]);
    assert_eq!(counts(&world), [4, 36, 0]);
    // Each sweep handles a part of the archived sessions of one day. The four that were kept are old enough by now,
    // too.
    assert_eq!(shares(140), [20, 16, 4, 0]);
    assert_eq!(counts(&world), [0, 4, 36]);
    assert_eq!(shares(149), [16, 16, 4, 0]);
    assert_eq!(counts(&world), [0, 4, 0]);
}

#[test]
fn a_deleted_session_leaves_a_tombstone_for_good() {
    let (world, policy) = (world_with(vec![over("a", 1)]), Retention::default());
    let gone = |_: &Session| agent_baton_core::process::Live::No;
    let deleted = |day: u64| delete(&mut lock(&world.store), &id("a"), &stamp(day * DAY), false, gone).unwrap();
    assert_eq!(deleted(2), Deletion::Done);
    assert_eq!(deleted(2), Deletion::Already);
    assert_eq!(gc(&world, 10, &policy), []);
    assert_eq!(gc(&world, 11, &policy), [("a".into(), SweepAction::Remove, ExpiryReason::TrashAge)]);
    assert_eq!(read_session(&world.store, "a"), Reading::Deleted);
    let left = world.store.read(|view| view.find_session(&id("a"))).unwrap().unwrap().unwrap().1;
    assert_eq!((left.project, left.launches), (None, Vec::new()));
    assert_eq!(gc(&world, 400, &policy), []);
    assert_eq!(restore(&mut lock(&world.store), &id("a"), &stamp(401 * DAY)).unwrap(), Restoration::Done);
    assert_eq!(restore(&mut lock(&world.store), &id("a"), &stamp(401 * DAY)).unwrap(), Restoration::Already);
    assert_eq!(restore(&mut lock(&world.store), &id("x"), &stamp(401 * DAY)).unwrap(), Restoration::Missing);
}

/// Removing a record removes its messages. Messages that an interrupted call or an older version left behind go in
/// the next sweep.
#[test]
fn what_was_said_goes_when_its_session_is_removed() {
    let (world, policy) = (world_with(vec![over("a", 1), over("b", 1)]), Retention::default());
    let gone = |_: &Session| agent_baton_core::process::Live::No;
    let said = || ["a", "b"].map(|name| world.store.path().join("conversations").join(name).exists());
    world.store.create_message_log(&id("a")).unwrap();
    world.store.create_message_log(&id("b")).unwrap();
    assert_eq!(delete(&mut lock(&world.store), &id("a"), &stamp(2 * DAY), false, gone).unwrap(), Deletion::Done);
    gc(&world, 10, &policy);
    assert_eq!(said(), [true; 2], "it can be restored still");
    gc(&world, 11, &policy);
    assert_eq!(said(), [false, true]);
    gc(&world, 92, &policy);
    gc(&world, 92, &policy);
    assert_eq!((said(), counts(&world)), ([false, true], [0, 0, 2]));
    gc(&world, 101, &policy);
    assert_eq!((said(), counts(&world)), ([false; 2], [0, 0, 1]));
    world.store.create_message_log(&id("a")).unwrap();
    assert_eq!(gc(&world, 102, &policy), [("a".into(), SweepAction::Remove, ExpiryReason::TrashAge)]);
    assert_eq!(said(), [false; 2]);
    assert_eq!((gc(&world, 103, &policy), read_session(&world.store, "a")), (vec![], Reading::Deleted));
}

#[test]
fn what_was_just_restored_is_not_archived_again() {
    let policy = Retention { sessions: 0, ..Retention::default() };
    let world = world_with(vec![over("a", 1)]);
    assert_eq!(gc(&world, 2, &policy).len(), 1);
    restore(&mut lock(&world.store), &id("a"), &stamp(2 * DAY)).unwrap();
    assert_eq!(gc(&world, 10, &policy), []);
    assert_eq!(gc(&world, 11, &policy), [("a".into(), SweepAction::Archive, ExpiryReason::Count)]);
}

#[test]
fn an_event_brings_back_what_retention_put_into_the_trash() {
    let world = world_with(vec![over("a", 1)]);
    let policy = Retention::default();
    assert_eq!((gc(&world, 92, &policy).len(), gc(&world, 92, &policy).len()), (1, 1));
    let Reading::Archived(mut session) = read_session(&world.store, "a") else { panic!() };
    session.ended = None;
    put(&mut lock(&world.store), vec![(Record::Session(Box::new(session)), Location::Live)]).unwrap();
    assert_eq!(counts(&world), [1, 0, 0]);
}
