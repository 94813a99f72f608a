//! Determines whether a recorded process still exists.

use std::io::ErrorKind;
use std::path::Path;

use agent_baton_core::process::{HostId, LockState, Process, ProcessState};

use super::ProcessLookup;
use super::lock_table::{FileId, LockTable};

/// Returns the state of a process. A process of another boot, machine or pid namespace is unreadable from here. The
/// core decides what its boot id alone proves.
#[must_use]
pub fn process_state(process: &Process, here: &HostId, lookup: impl FnOnce(u32) -> ProcessLookup) -> ProcessState {
    if !is_local(process, here) {
        return ProcessState::Unreadable;
    }
    match lookup(process.pid) {
        ProcessLookup::Gone => ProcessState::Gone,
        ProcessLookup::Unreadable => ProcessState::Unreadable,
        ProcessLookup::Found(stat) if stat.start != process.start => ProcessState::Reused,
        ProcessLookup::Found(stat) if stat.ended => ProcessState::Zombie,
        ProcessLookup::Found(_) => ProcessState::Running,
    }
}

/// Returns whether a process belongs to this boot, machine and pid namespace.
#[must_use]
pub fn is_local(process: &Process, here: &HostId) -> bool {
    process.boot == here.boot && process.machine == here.machine && process.pidns == here.pidns
}

/// Returns the state of the lock that a local process was seen to hold on the file at `path`. `locks` is `None` if the
/// lock table could not be read.
#[must_use]
pub fn lock_state(pid: u32, path: &Path, locks: Option<&LockTable>) -> LockState {
    let there = |path: &Path| path.parent().is_some_and(Path::is_dir);
    match FileId::from_path(path) {
        Ok(file) => match locks {
            Some(locks) if locks.is_held(pid, file) => LockState::Held,
            Some(_) => LockState::Released,
            None => LockState::Unreadable,
        },
        // If the directory is gone as well, the file system was probably unmounted, which says nothing about the lock.
        Err(error) if error.kind() == ErrorKind::NotFound && there(path) => LockState::Released,
        Err(_) => LockState::Unreadable,
    }
}

#[cfg(test)]
mod tests;
