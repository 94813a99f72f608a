//! Why the witness's timer was not installed or removed.

use std::io;
use std::path::PathBuf;

use super::command_line::TextError;
use crate::error::InstallError;

/// Why systemd or cron did not take the timer, or did not give it back.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum SchedulerError {
    /// Nothing says where the user's units are.
    #[error("HOME is not set to an absolute path")]
    NoHome,
    /// The program is missing or cannot be run.
    #[error("{program} cannot be run")]
    Start { program: &'static str, source: io::Error },
    /// The program did not end in time.
    #[error("{program} did not end within {seconds} s")]
    TimedOut { program: &'static str, seconds: u64 },
    /// The program says that it failed.
    #[error("{command} failed: {problem}")]
    Failed { command: String, problem: String },
    /// There is a unit of this name that baton did not write for this state directory.
    #[error("{path} is not this state directory's")]
    Foreign { path: PathBuf },
    /// A path cannot stand in the unit or in the line.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A file cannot be written or removed.
    #[error(transparent)]
    File(#[from] InstallError),
}

/// Why neither systemd nor cron starts the witness.
#[derive(Debug, thiserror::Error)]
#[error("systemd does not start it ({}), and neither does cron ({})", chain(&**.systemd), chain(&**.cron))]
pub struct TimerError {
    /// Why systemd does not.
    pub systemd: Box<SchedulerError>,
    /// Why cron does not.
    pub cron: Box<SchedulerError>,
}

impl TimerError {
    pub(super) fn new(systemd: SchedulerError, cron: SchedulerError) -> Self {
        Self { systemd: Box::new(systemd), cron: Box::new(cron) }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
