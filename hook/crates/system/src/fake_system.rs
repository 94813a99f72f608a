//! A fake system for tests.
#![allow(missing_docs, clippy::unwrap_used, reason = "for tests alone")]

use std::cell::Cell;

use agent_baton_core::process::HostId;
use agent_baton_core::timestamp::Timestamp;

use super::lock_table::LockTable;
use super::process_stat::ProcessStat;
use super::{CurrentProcess, ProcessLookup, System, SystemError};
use agent_baton_core::fixtures;

/// Returns what the test defines for each pid, and counts the lookups.
pub struct FakeSystem<F> {
    shows: F,
    /// How many pids were looked up.
    pub process_lookups: Cell<u32>,
    /// How often the lock table, which is empty, was read.
    pub lock_table_reads: Cell<u32>,
}

impl<F: Fn(u32) -> ProcessLookup> FakeSystem<F> {
    pub fn new(shows: F) -> Self {
        Self { shows, process_lookups: Cell::default(), lock_table_reads: Cell::default() }
    }
}

/// Returns an agent's process. If `ended` is true, it is a zombie.
pub fn agent(pid: u32, ended: bool) -> ProcessLookup {
    ProcessLookup::Found(ProcessStat {
        pid,
        comm: "claude".into(),
        ended,
        parent: 1,
        group: pid,
        session: pid,
        tty: 0,
        foreground: None,
        start: fixtures::process(pid).start,
    })
}

/// Returns the identity of the test's own process.
pub fn current_process() -> CurrentProcess {
    CurrentProcess { place: fixtures::place(), start: 1, start_ms: 10, parent: 1 }
}

impl<F: Fn(u32) -> ProcessLookup> System for FakeSystem<F> {
    fn current_process(&self) -> Result<CurrentProcess, SystemError> {
        Ok(current_process())
    }
    fn now(&self, _: &HostId) -> Timestamp {
        fixtures::stamp(0)
    }
    fn process(&self, pid: u32) -> ProcessLookup {
        self.process_lookups.set(self.process_lookups.get() + 1);
        (self.shows)(pid)
    }
    fn pids(&self) -> Option<Vec<u32>> {
        None
    }
    fn arguments(&self, _: u32) -> Option<Vec<Vec<u8>>> {
        None
    }
    fn program_file(&self, _: u32) -> Option<String> {
        None
    }
    fn variable(&self, _: u32, _: &str) -> Option<String> {
        None
    }
    fn children(&self, _: u32) -> Option<Vec<u32>> {
        None
    }
    fn reads_terminal(&self, _: u32) -> Option<bool> {
        None
    }
    fn lock_table(&self) -> Option<LockTable> {
        self.lock_table_reads.set(self.lock_table_reads.get() + 1);
        Some(LockTable::default())
    }
}
