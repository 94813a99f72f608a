//! Ends what a command started where the hook is ended before the command is.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// Its standard input ends with the hook, whatever ends that.
const SCRIPT: &str = "read -r over || kill -s KILL 0";

/// A shell that leads a process group and outlives the hook for as long as it takes to end that group. Since it is there before
/// anything else is in the group, nothing of it goes unwatched, and the group's number is no one else's.
pub struct ProcessGroupGuard {
    shell: Child,
    group: i32,
}

impl ProcessGroupGuard {
    /// Starts it.
    ///
    /// # Errors
    /// Where no shell can be started.
    pub fn start() -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT]).env_clear().current_dir("/").process_group(0);
        // The agent reads the hook's output to its end: nothing else may hold it open.
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let shell = shell.spawn()?;
        let group = i32::try_from(shell.id()).map_err(io::Error::other)?;
        Ok(Self { shell, group })
    }

    /// The process group that it leads.
    pub const fn group(&self) -> i32 {
        self.group
    }

    /// Ends everything in the group.
    pub fn kill_group(&self) {
        // It may have ended this very moment.
        let _ = killpg(Pid::from_raw(self.group), Signal::SIGKILL);
    }
}

impl Drop for ProcessGroupGuard {
    /// The command is over: what it left running on purpose is left.
    fn drop(&mut self) {
        let told = self.shell.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(b"over\n"));
        if told.is_err() {
            // Killed with the group, or by the command.
            let _ = self.shell.kill();
        }
        let _ = self.shell.wait();
    }
}
