//! The multiplexers' own programs, for what a person asks: go to a pane, open a window. No event ever starts one.

mod tmux;
mod zellij;

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub use tmux::{Opened, Tmux, quote};
pub use zellij::Zellij;

/// How long a multiplexer may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether it has.
const STEP: Duration = Duration::from_millis(2);

/// The most that is read of an answer, in bytes.
const MAX_ANSWER: u64 = 64 * 1024;

/// Why a multiplexer did not do it.
#[derive(Debug, thiserror::Error)]
pub enum MuxError {
    /// Its program cannot be started.
    #[error("cannot run {program}: {source}")]
    Run {
        /// The program.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It did not answer in time.
    #[error("{program} did not answer within {} seconds", PATIENCE.as_secs())]
    Late {
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
fn ask(program: &'static str, mut command: Command) -> Result<String, MuxError> {
    let failed = |source| MuxError::Run { program, source };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        if Instant::now() > deadline {
            // It is ours, and was not waited for: its pid is its own.
            child.kill().and_then(|()| child.wait()).map_err(failed)?;
            return Err(MuxError::Late { program });
        }
        thread::sleep(STEP);
    };
    let text = |pipe: Option<&mut dyn Read>| {
        let mut bytes = Vec::new();
        pipe.map(|pipe| pipe.take(MAX_ANSWER).read_to_end(&mut bytes)).transpose().map_err(failed)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    if status.success() {
        text(child.stdout.as_mut().map(|pipe| pipe as &mut dyn Read))
    } else {
        let said = text(child.stderr.as_mut().map(|pipe| pipe as &mut dyn Read))?;
        Err(MuxError::Refused { program, said })
    }
}
