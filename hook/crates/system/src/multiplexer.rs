//! Runs the programs of the multiplexers when a user asks to go to a pane or to open a window. No event ever runs one.

mod socket;
mod tmux;
mod typed_text;
mod zellij;

use std::ffi::OsStr;
use std::io;
use std::time::Duration;

use baton_fs::child::run_with_timeout;
use baton_fs::program;

pub use socket::{SocketError, own_socket_directory, trusted_socket};
pub use tmux::{OpenedWindow, Tmux, shell_quote};
pub use typed_text::{TypedText, TypedTextError};
pub use zellij::Zellij;

/// The maximum time for an answer of a multiplexer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum size of an answer, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Why a multiplexer did not carry out a request.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum MultiplexerError {
    /// Its program cannot be started.
    #[error("cannot run {program}")]
    Run { program: &'static str, source: io::Error },
    /// No client is started on its socket.
    #[error("baton does not call a tmux server whose socket another account could have made")]
    Untrusted(#[from] SocketError),
    /// The name would be an option of zellij, or lead to a socket elsewhere.
    #[error("\"{name}\" cannot be the name of a zellij session")]
    SessionName { name: String },
    /// It did not answer in time.
    #[error("{program} did not answer within {} seconds", ANSWER_TIMEOUT.as_secs())]
    TimedOut { program: &'static str },
    /// It refused.
    #[error("{program} says: {said}")]
    Refused { program: &'static str, said: String },
}

/// Runs a program to its end and returns its output.
fn answer(
    program: &'static str,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<String, MultiplexerError> {
    let output = program::command(program)
        .and_then(|mut command| run_with_timeout(command.args(arguments), ANSWER_TIMEOUT, MAX_ANSWER_BYTES));
    let output = output.map_err(|source| MultiplexerError::Run { program, source })?;
    let output = output.ok_or(MultiplexerError::TimedOut { program })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(MultiplexerError::Refused { program, said: text(&output.stderr) })
    }
}
