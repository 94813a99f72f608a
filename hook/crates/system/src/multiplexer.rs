//! The multiplexers' own programs, for what a user asks: go to a pane, open a window. No event ever starts one.

mod tmux;
mod zellij;

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub use tmux::{OpenedWindow, Tmux, shell_quote};
pub use zellij::Zellij;

/// How long a multiplexer may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How often it is looked whether it has.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// The most that is read of an answer, in bytes.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

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

/// Runs one to its end; gives what it printed.
fn run_with_timeout(program: &'static str, mut command: Command) -> Result<String, MultiplexerError> {
    let failed = |source| MultiplexerError::Run { program, source };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        if Instant::now() > deadline {
            // It is ours, and was not waited for: its pid is its own.
            child.kill().and_then(|()| child.wait()).map_err(failed)?;
            return Err(MultiplexerError::TimedOut { program });
        }
        thread::sleep(POLL_INTERVAL);
    };
    let text = |pipe: Option<&mut dyn Read>| {
        let mut bytes = Vec::new();
        pipe.map(|pipe| pipe.take(MAX_ANSWER_BYTES).read_to_end(&mut bytes)).transpose().map_err(failed)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    if status.success() {
        text(child.stdout.as_mut().map(|pipe| pipe as &mut dyn Read))
    } else {
        let said = text(child.stderr.as_mut().map(|pipe| pipe as &mut dyn Read))?;
        Err(MultiplexerError::Refused { program, said })
    }
}
