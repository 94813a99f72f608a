//! A machine that is looked at once.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use agent_baton_core::process::Place;
use agent_baton_core::stamp::Stamp;

use baton_system::lock_table::LockTable;
use baton_system::{CurrentProcess, ProcessLookup, System, SystemError};

/// Remembers what a machine showed.
#[derive(Debug)]
pub(super) struct CachedSystem<'a, M> {
    machine: &'a M,
    process_lookups: RefCell<HashMap<u32, ProcessLookup>>,
    locks: OnceCell<Option<LockTable>>,
}

impl<'a, M> CachedSystem<'a, M> {
    pub(super) fn new(machine: &'a M) -> Self {
        Self { machine, process_lookups: RefCell::default(), locks: OnceCell::new() }
    }
}

impl<M: System> System for CachedSystem<'_, M> {
    fn current_process(&self) -> Result<CurrentProcess, SystemError> {
        self.machine.current_process()
    }

    fn now(&self, place: &Place) -> Stamp {
        self.machine.now(place)
    }

    fn process(&self, pid: u32) -> ProcessLookup {
        self.process_lookups.borrow_mut().entry(pid).or_insert_with(|| self.machine.process(pid)).clone()
    }

    fn arguments(&self, pid: u32) -> Option<Vec<Vec<u8>>> {
        self.machine.arguments(pid)
    }

    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        self.machine.variable(pid, name)
    }

    fn locks(&self) -> Option<LockTable> {
        self.locks.get_or_init(|| self.machine.locks()).clone()
    }
}
