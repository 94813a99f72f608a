use std::process::{Child, Command, Stdio};

use fs2::FileExt;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::*;
use crate::linux::Linux;
use crate::{CurrentProcess, System, identity};

/// A real process that is killed and reaped when the test ends.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        Self(Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap())
    }

    fn process(&self, here: &CurrentProcess) -> Process {
        let ProcessLookup::Found(stat) = Linux.process(self.0.id()) else { panic!("the child is not seen") };
        identity(&stat, &here.place)
    }

    fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.0.id()).unwrap())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_child_is_running_then_stopped_then_a_zombie_then_gone() {
    let here = Linux.current_process().unwrap();
    let mut child = Sleeper::start();
    let process = child.process(&here);
    assert_eq!(process_state(&process, &here.place, |pid| Linux.process(pid)), ProcessState::Running);

    child.signal(Signal::SIGSTOP);
    waitid(Id::Pid(child.pid()), WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT).unwrap();
    assert_eq!(
        process_state(&process, &here.place, |pid| Linux.process(pid)),
        ProcessState::Running,
        "stopped counts as living"
    );

    child.signal(Signal::SIGKILL);
    waitid(Id::Pid(child.pid()), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
    assert_eq!(process_state(&process, &here.place, |pid| Linux.process(pid)), ProcessState::Zombie);

    child.0.wait().unwrap();
    assert_eq!(process_state(&process, &here.place, |pid| Linux.process(pid)), ProcessState::Gone);
}

#[test]
fn a_process_elsewhere_is_unreadable_and_one_with_another_start_is_reused() {
    let here = Linux.current_process().unwrap();
    let child = Sleeper::start();
    let real = child.process(&here);
    let with = |change: fn(&mut Process)| {
        let mut process = real.clone();
        change(&mut process);
        process_state(&process, &here.place, |pid| Linux.process(pid))
    };
    assert_eq!(with(|_| {}), ProcessState::Running);
    assert_eq!(with(|process| process.start += 1), ProcessState::Reused);
    assert_eq!(with(|process| process.boot = "another".to_owned()), ProcessState::Unreadable);
    assert_eq!(with(|process| process.machine = "another".to_owned()), ProcessState::Unreadable);
    assert_eq!(with(|process| process.pidns += 1), ProcessState::Unreadable);
}

#[test]
fn a_lock_is_held_then_released_and_what_cannot_be_read_is_neither() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s1.lock");
    let own = std::process::id();
    let look = |pid| lock_state(pid, &path, Linux.lock_table().as_ref());
    assert_eq!(look(own), LockState::Released, "no file");

    let file = std::fs::File::create(&path).unwrap();
    assert_eq!(look(own), LockState::Released, "a file without a lock");
    FileExt::lock_exclusive(&file).unwrap();
    assert_eq!(look(own), LockState::Held);
    assert_eq!(look(own + 1), LockState::Released, "another process");
    assert_eq!(lock_state(own, &path, None), LockState::Unreadable);
    FileExt::unlock(&file).unwrap();
    FileExt::lock_shared(&file).unwrap();
    assert_eq!(look(own), LockState::Released, "a read lock is no writer's");
    drop(file);
    assert_eq!(look(own), LockState::Released);

    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(dir.path().join("elsewhere"), &path).unwrap();
    assert_eq!(look(own), LockState::Unreadable, "a symlink");
    let unmounted = dir.path().join("not-there/s1.lock");
    assert_eq!(lock_state(own, &unmounted, Linux.lock_table().as_ref()), LockState::Unreadable);
}

#[test]
fn the_ancestors_are_the_real_ones() {
    let here = Linux.current_process().unwrap();
    let child = Sleeper::start();
    let process = child.process(&here);
    let above: Vec<_> = crate::ancestry::ancestors_from(&Linux, process.pid, process.start, 2).collect();
    assert_eq!(above.iter().map(|stat| stat.pid).collect::<Vec<_>>(), [process.pid, std::process::id()]);
    // A parent that is younger than its child is a different process.
    assert_eq!(crate::ancestry::ancestors_from(&Linux, process.pid, process.start - 1, 2).count(), 0);
    assert_eq!(crate::ancestry::ancestors_from(&Linux, 0, u64::MAX, 2).count(), 0);
}
