//! Starts a program so that it ends with the process of the tests.

use std::process::{Child, Command};
use std::sync::mpsc::{self, Sender};

/// A child that was started by a thread that lives as long as the handle. The kernel kills the child when that thread ends, and
/// the thread of a test ends before those that use the child's server.
pub struct Keeper {
    /// Dropping it ends the thread.
    _end: Sender<()>,
    child: Child,
}

impl Keeper {
    /// Starts a program through setpriv(1), as a user that is not root.
    pub fn start(program: &str, args: &[&str], output: std::fs::File) -> Self {
        let mut command = unprivileged(program, args);
        command.stdin(std::process::Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let (end, ended) = mpsc::channel::<()>();
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            send.send(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))).unwrap();
            // It returns an error when the handle is dropped.
            let _ = ended.recv();
        });
        Self { _end: end, child: receive.recv().unwrap() }
    }

    /// Returns its pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills it and waits for its end.
    pub fn kill(&mut self) {
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns a call of a program as a user that is not root: PostgreSQL refuses root.
pub fn unprivileged(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=KILL");
    if nix::unistd::geteuid().is_root() {
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    }
    command.arg(program).args(args).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir("/");
    command
}
