//! The program: it reads an opening and requests, and writes answers.

use std::io::{BufRead, Write};

use baton_fleet_protocol::{Answer, Cause, Opening, Request};
use thiserror::Error;

use crate::error::failure;
use crate::lines::{self, LineError, MAX_ANSWER};
use crate::protection;
use crate::service::Service;

/// Why the program ends without being asked to.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// The system refused to protect the process.
    #[error("the process cannot be protected")]
    Protection(#[source] nix::Error),
    /// A line cannot be read or written.
    #[error("the conversation with baton failed")]
    Line(#[from] LineError),
    /// The first line is no opening. The error has no part of the line, which may contain a password.
    #[error("the first line is no opening")]
    Opening,
    /// The system has no resources.
    #[error("the program cannot start")]
    Start(#[source] std::io::Error),
}

/// Answers requests until the input ends.
///
/// # Errors
///
/// If the process cannot be protected or a pipe fails.
pub fn run(input: &mut impl BufRead, output: &mut impl Write) -> Result<(), ProgramError> {
    protection::protect().map_err(ProgramError::Protection)?;
    let Some(line) = lines::read(input)? else { return Ok(()) };
    let opening: Opening = serde_json::from_slice(&line).map_err(|_| ProgramError::Opening)?;
    let mut service = Service::new(&opening).map_err(ProgramError::Start)?;
    while let Some(line) = lines::read(input)? {
        let answer = match serde_json::from_slice::<Request>(&line) {
            Ok(request) => service.answer(&request),
            Err(_) => Answer::Failed(failure(Cause::Protocol, "baton sent a line that is no request")),
        };
        if !lines::write(output, &answer)? {
            let text = format!("the answer is longer than {MAX_ANSWER} bytes");
            lines::write(output, &Answer::Failed(failure(Cause::TooLong, text)))?;
        }
    }
    Ok(())
}
