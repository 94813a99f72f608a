use agent_baton_core::event::Source;
use agent_baton_core::process::Process;
use agent_baton_core::reason::Reason;
use agent_baton_core::session::Ended;

use super::*;
use baton_store::fixtures;
use baton_system::ProcessLookup;
use baton_system::fake_system::{FakeSystem, agent, current_process};

/// Fakes a process lookup: pids below 100 run, 100 to 199 are zombies, 200 to 299 cannot be read, and all others are
/// gone.
fn at(pid: u32) -> ProcessLookup {
    match pid {
        0..100 => agent(pid, false),
        100..200 => agent(pid, true),
        200..300 => ProcessLookup::Unreadable,
        _ => ProcessLookup::Gone,
    }
}

fn check(session: &Session, live: Live, evidence: Evidence) {
    let (machine, here) = (FakeSystem::new(at), current_process());
    let none: &[(&str, &str)] = &[];
    let verdict = LivenessCheck::new(&AgentInspector::new(&machine, &none, &here)).session(session);
    assert_eq!(verdict, Liveness { live, evidence }, "{:?}", session.launches);
}

/// Returns session `s` with a launch for each pid, the last one changed by `change`.
fn launched(pids: &[u32], change: impl FnOnce(&mut Launch)) -> Session {
    let mut session = fixtures::session("s", 1);
    session.launches = pids.iter().map(|pid| fixtures::launch(*pid)).collect();
    session.launches.last_mut().map(change);
    session
}

#[test]
fn each_launch_is_judged_by_its_evidence() {
    let with = |change: fn(&mut Process)| launched(&[1], |launch| change(&mut launch.process));
    check(&launched(&[1], |_| {}), Live::Yes, Evidence::Running);
    check(&launched(&[100], |_| {}), Live::No, Evidence::Zombie);
    check(&launched(&[200], |_| {}), Live::Unknown, Evidence::Unreadable);
    check(&launched(&[300], |_| {}), Live::No, Evidence::Gone);
    check(&with(|process| process.start += 1), Live::No, Evidence::PidReused);
    check(&with(|process| process.boot = "before".into()), Live::No, Evidence::Rebooted);
    check(&with(|process| process.machine = "other".into()), Live::Unknown, Evidence::OtherMachine);
    check(&with(|process| process.pidns += 1), Live::Unknown, Evidence::OtherNamespace);
    let end = Ended { at: fixtures::stamp(1), reason: Reason::Ended };
    check(&launched(&[1], |launch| launch.ended = Some(end)), Live::No, Evidence::EndRecorded);
    // The lock's directory exists and the file does not: the process released the lock.
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("s.lock").to_string_lossy().into_owned();
    check(&launched(&[1], |launch| launch.lock = Some(lock)), Live::No, Evidence::LockReleased);
    check(&launched(&[1], |launch| launch.lock = Some("/nowhere/at/all".into())), Live::Unknown, Evidence::Unreadable);
}

#[test]
fn one_launch_that_lives_settles_it_and_one_unknown_leaves_it_open() {
    check(&launched(&[1, 300], |_| {}), Live::Yes, Evidence::Running);
    check(&launched(&[300, 200], |_| {}), Live::Unknown, Evidence::Unreadable);
    check(&launched(&[200, 300], |_| {}), Live::Unknown, Evidence::Unreadable);
    // Of equal verdicts the newest counts.
    check(&launched(&[300, 100], |launch| launch.source = Some(Source::Resume)), Live::No, Evidence::Zombie);
}

#[test]
fn a_session_that_no_process_showed_is_over_only_if_its_record_says_so() {
    let mut session = launched(&[], |_| {});
    check(&session, Live::Unknown, Evidence::NeverSeen);
    session.ended = Some(Ended { at: fixtures::stamp(1), reason: Reason::Ended });
    check(&session, Live::No, Evidence::NeverSeen);
}

#[test]
fn what_the_machine_shows_is_read_once_however_many_ask() {
    let (machine, here) = (FakeSystem::new(at), current_process());
    let none: &[(&str, &str)] = &[];
    let liveness = LivenessCheck::new(&AgentInspector::new(&machine, &none, &here));
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("s.lock"), "").unwrap();
    let lock = dir.path().join("s.lock").to_string_lossy().into_owned();
    for _ in 0..100 {
        let session = launched(&[1, 2, 1], |launch| launch.lock = Some(lock.clone()));
        assert_eq!(liveness.session(&session).live, Live::Yes);
    }
    assert_eq!((machine.process_lookups.get(), machine.lock_table_reads.get()), (2, 1));
}
