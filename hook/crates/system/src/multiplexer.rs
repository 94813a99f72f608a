//! The multiplexers' own programs, for what a user asks: go to a pane, open a window. No event ever starts one.

mod tmux;
mod zellij;

use std::io;
use std::process::Command;
use std::time::Duration;

use crate::child::run_with_timeout;

pub use tmux::{OpenedWindow, Tmux, shell_quote};
pub use zellij::Zellij;

/// How long a multiplexer may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The most that is read of an answer, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Why a multiplexer did not do it.
#[derive(Debug, thiserror::Error)]
pub enum MultiplexerError {
    /// Its program cannot be started.
    #[error("cannot run {program}: {source}")]
    Run {
        /// The program.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It did not answer in time.
    #[error("{program} did not answer within {} seconds", ANSWER_TIMEOUT.as_secs())]
    TimedOut {
        /// The program.
        program: &'static str,
    },
    /// It refused.
    #[error("{program} says: {said}")]
    Refused {
        /// The program.
        program: &'static str,
        /// Its words.
        said: String,
    },
}

/// Runs one to its end and returns what it printed.
fn answer(program: &'static str, mut command: Command) -> Result<String, MultiplexerError> {
    let output = run_with_timeout(&mut command, ANSWER_TIMEOUT, MAX_ANSWER_BYTES);
    let output = output.map_err(|source| MultiplexerError::Run { program, source })?;
    let output = output.ok_or(MultiplexerError::TimedOut { program })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(MultiplexerError::Refused { program, said: text(&output.stderr) })
    }
}
