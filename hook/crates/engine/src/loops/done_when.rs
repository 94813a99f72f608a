//! Runs the command that checks whether the work is done.

use std::io::{self, PipeReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use baton_fs::child::{KeptOutput, OutputReader};

use super::definition::DoneWhen;
use super::process_group::ProcessGroupGuard;

/// The maximum run time of the command. The hook's timeout in the agents' configuration also covers the time that the
/// rest of the hook takes.
pub const TIMEOUT: Duration = Duration::from_secs(300);

/// How many bytes and lines from the end of the command's output go into the next prompt.
const TAIL_BYTES: usize = 1200;
const TAIL_LINES: usize = 20;

/// The result of the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOutcome {
    /// Whether it exited with status 0.
    pub passed: bool,
    /// How it ended, for the prompt.
    pub how: String,
    /// The end of its output, without control characters.
    pub tail: String,
}

/// Runs the command in a directory until it exits. At the limit, or if this process ends first, the command and everything that it
/// started are killed.
#[must_use]
pub fn run(done_when: &DoneWhen, directory: &Path, limit: Duration) -> CheckOutcome {
    let failed = |how: String| CheckOutcome { passed: false, how, tail: String::new() };
    let (guard, mut child, output) = match spawn(done_when, directory) {
        Ok(started) => started,
        Err(error) => return failed(format!("could not be run ({error})")),
    };
    let output = OutputReader::start(output, KeptOutput::Last(TAIL_BYTES));
    let status = guard.group().wait_or_kill(&mut child, Instant::now() + limit);
    drop(guard);
    let tail = output.finish();
    let how = match status {
        Ok(Some(status)) => describe_status(status),
        Ok(None) => format!("was killed after {} s", limit.as_secs()),
        Err(error) => return failed(format!("could not be waited for ({error})")),
    };
    CheckOutcome {
        passed: status.is_ok_and(|status| status.is_some_and(|status| status.success())),
        how,
        tail: output_tail(&tail),
    }
}

fn spawn(done_when: &DoneWhen, directory: &Path) -> io::Result<(ProcessGroupGuard, Child, PipeReader)> {
    let guard = ProcessGroupGuard::start()?;
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(&done_when.command).current_dir(directory);
    command.env_clear().envs(&done_when.environment).process_group(guard.group().id());
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    Ok((guard, command.spawn()?, reader))
}

fn describe_status(status: ExitStatus) -> String {
    status.code().map_or_else(|| "was ended by a signal".to_owned(), |code| format!("exited with {code}"))
}

/// Returns the last lines. A line is only cut if it does not fit.
fn output_tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let from = lines.len().saturating_sub(TAIL_LINES);
    baton_display::strip_control_chars_by_line(&lines.get(from..).unwrap_or_default().join("\n"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn given(command: &str) -> DoneWhen {
        let environment = [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into();
        DoneWhen { command: command.to_owned(), directory: "/".into(), directory_id: None, environment }
    }

    #[test]
    fn a_command_gives_its_status_and_the_end_of_its_output() {
        for (command, passed, how, tail) in [
            ("true", true, "exited with 0", ""),
            ("echo out; echo err >&2; exit 3", false, "exited with 3", "out\nerr"),
            (
                "seq 30 | tail -n 25",
                true,
                "exited with 0",
                &(11..=30).map(|n| n.to_string()).collect::<Vec<_>>().join("\n"),
            ),
            ("printf '\\033[31mred'", true, "exited with 0", "\u{fffd}[31mred"),
            ("kill -9 $$", false, "was ended by a signal", ""),
            ("echo \"$HOME-$BATON_HOME\"; pwd", true, "exited with 0", "-\n/"),
            ("sleep 2 & echo left", true, "exited with 0", "left"),
        ] {
            let expected = CheckOutcome { passed, how: how.to_owned(), tail: tail.to_owned() };
            assert_eq!(run(&given(command), Path::new("/"), TIMEOUT), expected, "{command}");
        }
        assert!(run(&given("true"), Path::new("/nonexistent"), TIMEOUT).how.starts_with("could not be run"));
    }

    #[test]
    fn what_is_left_running_and_writes_on_is_not_waited_for() {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || sender.send(run(&given("yes & echo begun"), Path::new("/"), TIMEOUT)));
        let outcome = receiver.recv_timeout(Duration::from_secs(60)).expect("it ends");
        assert_eq!((outcome.passed, outcome.how.as_str()), (true, "exited with 0"));
        assert!(outcome.tail.ends_with('y') && outcome.tail.len() <= TAIL_BYTES, "{outcome:?}");
    }

    #[test]
    fn one_that_does_not_end_is_killed_with_what_it_started() {
        let outcome = run(&given("sleep 61.25 & echo begun; wait"), Path::new("/"), Duration::from_millis(300));
        assert_eq!(
            (outcome.passed, outcome.how.as_str(), outcome.tail.as_str()),
            (false, "was killed after 0 s", "begun")
        );
        let mine = |pid: &std::path::Path| {
            let arguments = std::fs::read(pid.join("cmdline")).unwrap_or_default();
            arguments == b"sleep\x0061.25\0"
        };
        let left = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| mine(&entry.path())).count();
        assert_eq!(left, 0);
    }
}
