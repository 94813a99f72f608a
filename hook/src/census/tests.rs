use std::cell::Cell;

use agent_baton_core::event::Source;
use agent_baton_core::process::{Place, Process};
use agent_baton_core::reason::Reason;
use agent_baton_core::session::End;
use agent_baton_core::stamp::Stamp;

use super::*;
use crate::machine::locks::Locks;
use crate::machine::stat::Stat;
use crate::machine::{Look, MachineError};
use crate::store::sample;

/// Pids below 100 run, of 100 to 199 are zombies, of 200 to 299 cannot be read; the others are gone. Counts its looks.
#[derive(Default)]
struct Table {
    looks: Cell<u32>,
    tables: Cell<u32>,
}

impl Machine for Table {
    fn here(&self) -> Result<Here, MachineError> {
        Ok(Here { place: sample::place(), start: 1, start_ms: 10, parent: 1 })
    }
    fn now(&self, _: &Place) -> Stamp {
        sample::stamp(0)
    }
    fn look(&self, pid: u32) -> Look {
        self.looks.set(self.looks.get() + 1);
        let stat = |ended| {
            let start = sample::process(pid).start;
            Look::Found(Stat { pid, comm: "claude".into(), ended, parent: 1, tty: 0, start })
        };
        match pid {
            0..100 => stat(false),
            100..200 => stat(true),
            200..300 => Look::Unreadable,
            _ => Look::Gone,
        }
    }
    fn arguments(&self, _: u32) -> Option<Vec<Vec<u8>>> {
        None
    }
    fn variable(&self, _pid: u32, _name: &str) -> Option<String> {
        None
    }

    fn locks(&self) -> Option<Locks> {
        self.tables.set(self.tables.get() + 1);
        Some(Locks::default())
    }
}

fn check(session: &Session, live: Live, evidence: Evidence) {
    let (table, here) = (Table::default(), Table::default().here().unwrap());
    let none: &[(&str, &str)] = &[];
    let judged = Census::take(&table, &none, &here).session(session);
    assert_eq!(judged, Judged { live, by: evidence }, "{:?}", session.launches);
}

/// Session `s` with launches by these pids, the last changed.
fn shown(pids: &[u32], change: impl FnOnce(&mut Launch)) -> Session {
    let mut session = sample::session("s", 1);
    session.launches = pids.iter().map(|pid| sample::launch(*pid)).collect();
    session.launches.last_mut().map(change);
    session
}

#[test]
fn each_launch_is_judged_by_its_evidence() {
    let with = |change: fn(&mut Process)| shown(&[1], |launch| change(&mut launch.process));
    check(&shown(&[1], |_| {}), Live::Yes, Evidence::Running);
    check(&shown(&[100], |_| {}), Live::No, Evidence::Zombie);
    check(&shown(&[200], |_| {}), Live::Unknown, Evidence::Unreadable);
    check(&shown(&[300], |_| {}), Live::No, Evidence::Gone);
    check(&with(|process| process.start += 1), Live::No, Evidence::PidReused);
    check(&with(|process| process.boot = "before".into()), Live::No, Evidence::Rebooted);
    check(&with(|process| process.machine = "other".into()), Live::Unknown, Evidence::OtherMachine);
    check(&with(|process| process.pidns += 1), Live::Unknown, Evidence::OtherNamespace);
    let end = End { at: sample::stamp(1), reason: Reason::Ended };
    check(&shown(&[1], |launch| launch.ended = Some(end)), Live::No, Evidence::EndRecorded);
    // The lock's directory is there and the file is not: the process let go of it.
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("s.lock").to_string_lossy().into_owned();
    check(&shown(&[1], |launch| launch.lock = Some(lock)), Live::No, Evidence::LockReleased);
    check(&shown(&[1], |launch| launch.lock = Some("/nowhere/at/all".into())), Live::Unknown, Evidence::Unreadable);
}

#[test]
fn one_launch_that_lives_settles_it_and_one_unknown_leaves_it_open() {
    check(&shown(&[1, 300], |_| {}), Live::Yes, Evidence::Running);
    check(&shown(&[300, 200], |_| {}), Live::Unknown, Evidence::Unreadable);
    check(&shown(&[200, 300], |_| {}), Live::Unknown, Evidence::Unreadable);
    // Of equals the newest.
    check(&shown(&[300, 100], |launch| launch.source = Some(Source::Resume)), Live::No, Evidence::Zombie);
}

#[test]
fn a_session_that_no_process_showed_is_over_only_if_its_record_says_so() {
    let mut session = shown(&[], |_| {});
    check(&session, Live::Unknown, Evidence::NeverSeen);
    session.over = Some(End { at: sample::stamp(1), reason: Reason::Ended });
    check(&session, Live::No, Evidence::NeverSeen);
}

#[test]
fn what_the_machine_shows_is_read_once_however_many_ask() {
    let (table, here) = (Table::default(), Table::default().here().unwrap());
    let none: &[(&str, &str)] = &[];
    let census = Census::take(&table, &none, &here);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("s.lock"), "").unwrap();
    let lock = dir.path().join("s.lock").to_string_lossy().into_owned();
    for _ in 0..100 {
        let session = shown(&[1, 2, 1], |launch| launch.lock = Some(lock.clone()));
        assert_eq!(census.session(&session).live, Live::Yes);
    }
    assert_eq!((table.looks.get(), table.tables.get()), (2, 1));
}
