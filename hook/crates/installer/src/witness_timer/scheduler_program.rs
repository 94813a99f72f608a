//! Runs `systemctl` and `crontab`.

use std::ffi::OsString;
use std::time::Duration;

use baton_fs::child::{CommandOutput, run_with_input};
use baton_fs::program;

use super::error::SchedulerError;

/// How long one of them may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How much of its output is read, in bytes. A crontab is far smaller.
pub const MAX_OUTPUT_BYTES: usize = 1024 * 1024;

/// Where the programs are looked up.
pub struct SchedulerPrograms {
    /// The value of `PATH`.
    pub path: Option<OsString>,
}

impl SchedulerPrograms {
    /// Runs a program and returns its output, whatever its exit status.
    ///
    /// # Errors
    /// Returns an error if it cannot be started or does not end in time.
    pub fn output(
        &self,
        program: &'static str,
        arguments: &[&str],
        input: Vec<u8>,
    ) -> Result<CommandOutput, SchedulerError> {
        let failed = |source| SchedulerError::Start { program, source };
        let mut command = program::command_in(self.path.as_deref(), program).map_err(failed)?;
        // What a program says about a failure is compared with English words.
        command.args(arguments).env("LC_ALL", "C");
        run_with_input(&mut command, input, TIMEOUT, MAX_OUTPUT_BYTES)
            .map_err(failed)?
            .ok_or(SchedulerError::TimedOut { program, seconds: TIMEOUT.as_secs() })
    }

    /// Runs a program that must succeed.
    ///
    /// # Errors
    /// Returns an error if it cannot be started, does not end in time, or says that it failed.
    pub fn run(&self, program: &'static str, arguments: &[&str], input: Vec<u8>) -> Result<(), SchedulerError> {
        let output = self.output(program, arguments, input)?;
        if output.status.success() { Ok(()) } else { Err(failure(program, arguments, &output)) }
    }
}

/// Returns the error of a program that failed, with the first line that it printed about it.
pub fn failure(program: &str, arguments: &[&str], output: &CommandOutput) -> SchedulerError {
    let text = String::from_utf8_lossy(&output.stderr);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    SchedulerError::Failed {
        command: format!("{program} {}", arguments.join(" ")),
        problem: first.map_or_else(|| output.status.to_string(), str::to_owned),
    }
}
