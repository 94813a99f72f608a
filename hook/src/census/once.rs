//! A machine that is looked at once.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use agent_baton_core::process::Place;
use agent_baton_core::stamp::Stamp;

use crate::machine::locks::Locks;
use crate::machine::{Here, Look, Machine, MachineError};

/// Remembers what a machine showed.
#[derive(Debug)]
pub(super) struct Once<'a, M> {
    machine: &'a M,
    looks: RefCell<HashMap<u32, Look>>,
    locks: OnceCell<Option<Locks>>,
}

impl<'a, M> Once<'a, M> {
    pub(super) fn new(machine: &'a M) -> Self {
        Self { machine, looks: RefCell::default(), locks: OnceCell::new() }
    }
}

impl<M: Machine> Machine for Once<'_, M> {
    fn here(&self) -> Result<Here, MachineError> {
        self.machine.here()
    }

    fn now(&self, place: &Place) -> Stamp {
        self.machine.now(place)
    }

    fn look(&self, pid: u32) -> Look {
        self.looks.borrow_mut().entry(pid).or_insert_with(|| self.machine.look(pid)).clone()
    }

    fn arguments(&self, pid: u32) -> Option<Vec<Vec<u8>>> {
        self.machine.arguments(pid)
    }

    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        self.machine.variable(pid, name)
    }

    fn locks(&self) -> Option<Locks> {
        self.locks.get_or_init(|| self.machine.locks()).clone()
    }
}
