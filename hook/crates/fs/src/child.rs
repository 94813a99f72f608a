//! Runs other programs for a limited time, and reads their output while it waits. A program whose output no one reads
//! stops when the pipe is full.

use std::io::{self, PipeReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How often to check whether a program has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// How long to wait for the rest of the output after the program has ended. A process that it left running may keep the
/// pipe open.
const OUTPUT_GRACE: Duration = Duration::from_millis(200);

/// How a program ended, and the beginning of what it printed.
#[derive(Debug)]
pub struct CommandOutput {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Runs a command without input and returns the first `max_bytes` of each of its outputs. After `timeout`, kills the
/// command with everything that it started and returns `None`.
///
/// # Errors
/// Returns an error if the program cannot be started or waited for.
pub fn run_with_timeout(
    command: &mut Command,
    timeout: Duration,
    max_bytes: usize,
) -> io::Result<Option<CommandOutput>> {
    run_with_stdin(command, Stdio::null(), timeout, max_bytes)
}

/// Like [`run_with_timeout`], with this input.
///
/// # Errors
/// Returns an error if the program cannot be started or waited for. It is none if the program does not read its input.
pub fn run_with_input(
    command: &mut Command,
    input: Vec<u8>,
    timeout: Duration,
    max_bytes: usize,
) -> io::Result<Option<CommandOutput>> {
    let (stdin, mut writer) = io::pipe()?;
    // A program that does not read all of it must not keep this one waiting.
    thread::spawn(move || drop(writer.write_all(&input)));
    run_with_stdin(command, stdin.into(), timeout, max_bytes)
}

fn run_with_stdin(
    command: &mut Command,
    stdin: Stdio,
    timeout: Duration,
    max_bytes: usize,
) -> io::Result<Option<CommandOutput>> {
    let (stdout, stdout_writer) = io::pipe()?;
    let (stderr, stderr_writer) = io::pipe()?;
    command.process_group(0).stdin(stdin).stdout(stdout_writer).stderr(stderr_writer);
    let spawned = command.spawn();
    // The command holds the writing ends of the pipes until they are replaced. A pipe ends only when its last writer
    // closes it.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = spawned?;
    let [stdout, stderr] = [stdout, stderr].map(|pipe| OutputReader::start(pipe, KeptOutput::First(max_bytes)));
    let status = ProcessGroup::led_by(&child)?.wait_or_kill(&mut child, Instant::now() + timeout)?;
    Ok(status.map(|status| CommandOutput { status, stdout: stdout.finish(), stderr: stderr.finish() }))
}

/// The process group of a child, through which it can be killed with everything that it started.
#[derive(Debug, Clone, Copy)]
pub struct ProcessGroup(Pid);

impl ProcessGroup {
    /// Returns the group of a child that was started with `process_group(0)`.
    ///
    /// # Errors
    /// Returns an error if the child's pid is not one.
    pub fn led_by(child: &Child) -> io::Result<Self> {
        i32::try_from(child.id()).map(|pid| Self(Pid::from_raw(pid))).map_err(io::Error::other)
    }

    /// Returns the id of the group, for a command that joins it.
    #[must_use]
    pub const fn id(self) -> i32 {
        self.0.as_raw()
    }

    /// Kills every process in the group. The leader must not have been waited for, so that the id is still the group's.
    pub fn kill(self) {
        // The group may have just ended.
        let _ = killpg(self.0, Signal::SIGKILL);
    }

    /// Waits for a child in the group to end. At the deadline, kills the group and returns `None`.
    ///
    /// # Errors
    /// Returns an error if the child cannot be waited for.
    pub fn wait_or_kill(self, child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                self.kill();
                child.wait()?;
                return Ok(None);
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

/// Which part of an output to keep. All of it is read.
#[derive(Debug, Clone, Copy)]
pub enum KeptOutput {
    /// The first bytes.
    First(usize),
    /// The last bytes.
    Last(usize),
}

/// Reads an output in a separate thread.
#[derive(Debug)]
pub struct OutputReader {
    kept: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<()>,
}

impl OutputReader {
    /// Starts the thread.
    #[must_use]
    pub fn start(output: PipeReader, keep: KeptOutput) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (at_end, ended) = mpsc::channel::<()>();
        let weak = Arc::downgrade(&kept);
        thread::spawn(move || {
            read_to_end(output, keep, &weak);
            drop(at_end);
        });
        Self { kept, ended }
    }

    /// Waits a short time for the end of the output, and returns the part that was kept.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        // Nothing is ever sent. This returns at the end of the output, or after the grace period.
        let _ = self.ended.recv_timeout(OUTPUT_GRACE);
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads until the output ends, or until nobody waits for it any more.
fn read_to_end(mut output: PipeReader, keep: KeptOutput, kept: &Weak<Mutex<Vec<u8>>>) {
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = output.read(&mut chunk) {
        let Some(kept) = kept.upgrade() else { return };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(chunk.get(..count).unwrap_or_default());
        match keep {
            KeptOutput::First(bytes) => kept.truncate(bytes),
            KeptOutput::Last(bytes) => {
                let surplus = kept.len().saturating_sub(bytes);
                kept.drain(..surplus);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, timeout: Duration) -> Option<CommandOutput> {
        run_with_timeout(Command::new("/bin/sh").args(["-c", script]), timeout, 10).unwrap()
    }

    /// A pipe holds 64 KiB.
    #[test]
    fn an_answer_larger_than_a_pipe_is_read_while_waiting() {
        let begun = Instant::now();
        let output =
            shell("yes | head -c 200000; yes no | head -c 200000 >&2; exit 3", Duration::from_secs(60)).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30));
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(
            (output.stdout.as_slice(), output.stderr.as_slice()),
            (&b"y\ny\ny\ny\ny\n"[..], &b"no\nno\nno\nn"[..])
        );
    }

    /// A pipe holds 64 KiB.
    #[test]
    fn an_input_reaches_a_program_that_reads_it_and_keeps_nobody_waiting_else() {
        for (script, expected) in [("wc -c", "200000"), ("echo done", "done")] {
            let mut command = Command::new("/bin/sh");
            let output =
                run_with_input(command.args(["-c", script]), vec![b'y'; 200_000], Duration::from_secs(60), 100);
            let output = output.unwrap().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected);
        }
    }

    #[test]
    fn a_program_that_does_not_end_is_killed_with_what_it_started() {
        assert!(shell("sleep 600.125 & wait", Duration::from_millis(50)).is_none());
        let is_left = |process: std::path::PathBuf| {
            std::fs::read(process.join("cmdline")).is_ok_and(|arguments| arguments == b"sleep\x00600.125\0")
        };
        // The kernel ends a killed process a moment later.
        let begun = Instant::now();
        while std::fs::read_dir("/proc").unwrap().flatten().any(|entry| is_left(entry.path())) {
            assert!(begun.elapsed() < Duration::from_secs(60), "the sleep is still alive");
            thread::sleep(POLL_INTERVAL);
        }
    }

    #[test]
    fn what_a_program_leaves_running_is_not_waited_for() {
        let begun = Instant::now();
        let output = shell("sleep 5 & echo done", Duration::from_secs(60)).unwrap();
        assert_eq!(output.stdout, b"done\n");
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
}
