//! Lines of JSON over pipes, within a limit.

use std::io::{self, BufRead, Read, Write};

use serde::Serialize;
use thiserror::Error;

/// The maximum length of a request, in bytes.
pub const MAX_REQUEST: usize = 8 * 1024 * 1024;

/// The maximum length of an answer, in bytes: more than the rows of the longest list have, each with all its transfers.
pub const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// Why there is no line.
#[derive(Debug, Error)]
pub enum LineError {
    /// It is longer than a line may be.
    #[error("a request is longer than {MAX_REQUEST} bytes")]
    TooLong,
    /// The pipe cannot be read or written.
    #[error("a pipe failed")]
    Io(#[from] io::Error),
}

/// Returns the next line without its end, or `None` at the end of the input.
///
/// # Errors
///
/// If the line is too long or the pipe fails.
pub fn read(input: &mut impl BufRead) -> Result<Option<Vec<u8>>, LineError> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_REQUEST).unwrap_or(u64::MAX).saturating_add(1);
    input.take(limit).read_until(b'\n', &mut line)?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) if line.len() >= MAX_REQUEST => Err(LineError::TooLong),
        // The writer ended in the middle of a line, so the line is not whole.
        Some(_) => Ok(None),
    }
}

/// Writes a message as one line. Returns whether it fits; if not, nothing is written.
///
/// # Errors
///
/// If the pipe fails.
pub fn write(output: &mut impl Write, message: &impl Serialize) -> Result<bool, LineError> {
    let mut line = serde_json::to_vec(message).map_err(io::Error::from)?;
    if line.len() > MAX_ANSWER {
        return Ok(false);
    }
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_whole_or_none() {
        let mut input = &b"one\n\nthree"[..];
        assert_eq!(read(&mut input).unwrap().as_deref(), Some(&b"one"[..]));
        assert_eq!(read(&mut input).unwrap().as_deref(), Some(&b""[..]));
        assert_eq!(read(&mut input).unwrap(), None);
        let long = vec![b'x'; MAX_REQUEST + 1];
        assert!(matches!(read(&mut &long[..]), Err(LineError::TooLong)));
        let mut output = Vec::new();
        assert!(!write(&mut output, &"x".repeat(MAX_ANSWER)).unwrap() && output.is_empty());
    }
}
