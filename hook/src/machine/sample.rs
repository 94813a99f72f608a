//! A machine of a test's own making.

use std::cell::Cell;

use agent_baton_core::process::Place;
use agent_baton_core::stamp::Stamp;

use super::locks::Locks;
use super::stat::Stat;
use super::{Here, Look, Machine, MachineError};
use crate::store::sample;

/// Shows at each pid what the test says, and counts how often it was looked at.
pub struct Staged<F> {
    shows: F,
    /// How many pids were looked at.
    pub looks: Cell<u32>,
    /// How often the table of locks, which is empty, was read.
    pub tables: Cell<u32>,
}

impl<F: Fn(u32) -> Look> Staged<F> {
    pub fn new(shows: F) -> Self {
        Self { shows, looks: Cell::default(), tables: Cell::default() }
    }
}

/// An agent at a pid; `ended`: a zombie.
pub fn agent(pid: u32, ended: bool) -> Look {
    Look::Found(Stat { pid, comm: "claude".into(), ended, parent: 1, tty: 0, start: sample::process(pid).start })
}

/// Where a test runs.
pub fn here() -> Here {
    Here { place: sample::place(), start: 1, start_ms: 10, parent: 1 }
}

impl<F: Fn(u32) -> Look> Machine for Staged<F> {
    fn here(&self) -> Result<Here, MachineError> {
        Ok(here())
    }
    fn now(&self, _: &Place) -> Stamp {
        sample::stamp(0)
    }
    fn look(&self, pid: u32) -> Look {
        self.looks.set(self.looks.get() + 1);
        (self.shows)(pid)
    }
    fn arguments(&self, _: u32) -> Option<Vec<Vec<u8>>> {
        None
    }
    fn variable(&self, _: u32, _: &str) -> Option<String> {
        None
    }
    fn locks(&self) -> Option<Locks> {
        self.tables.set(self.tables.get() + 1);
        Some(Locks::default())
    }
}
