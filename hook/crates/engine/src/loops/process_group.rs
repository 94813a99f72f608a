//! Kills what a command started if the hook ends before the command does.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use baton_fs::child::ProcessGroup;

/// Waits for the end of its standard input, which comes when the hook ends for whatever reason.
const SCRIPT: &str = "read -r over || kill -s KILL 0";

/// A shell that leads a process group and kills the group when the hook ends. It exists before any other process
/// joins the group, so every member is covered, and no other group can have its id.
pub struct ProcessGroupGuard {
    shell: Child,
    group: ProcessGroup,
}

impl ProcessGroupGuard {
    /// Starts the shell.
    ///
    /// # Errors
    /// Returns an error if no shell can be started.
    pub fn start() -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT]).env_clear().current_dir("/").process_group(0);
        // The agent reads the hook's output until it is closed, so no other process may keep it open.
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let shell = shell.spawn()?;
        let group = ProcessGroup::led_by(&shell)?;
        Ok(Self { shell, group })
    }

    /// Returns the process group.
    pub const fn group(&self) -> ProcessGroup {
        self.group
    }
}

impl Drop for ProcessGroupGuard {
    /// Ends the guard after the command has exited. Processes that the command left running on purpose keep running.
    fn drop(&mut self) {
        let told = self.shell.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(b"over\n"));
        if told.is_err() {
            // The shell may already have been killed with the group, or by the command.
            let _ = self.shell.kill();
        }
        let _ = self.shell.wait();
    }
}
